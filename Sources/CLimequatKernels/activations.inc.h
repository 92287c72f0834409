// exp, tanh, the normal distribution and the activations, on one vector (formats/numerics.md, "Functions").
// Included by each table after its vector_*.h. Nothing here may be reordered: the order is the result.

#pragma STDC FP_CONTRACT OFF

/// x = n ln 2 + r with |r| <= ln 2 / 2. A NaN passes.
typedef struct { vec n, r; } reduced;

LMQ_SHARED reduced v_reduce(vec x) {
  const vec magic = v_set(0x1.8p+23f);  // adding it rounds to an integer, to nearest even
  x = v_max(v_set(-104.0f), x);         // below, e^x rounds to 0
  x = v_min(v_set(89.0f), x);           // above, to infinity
  vec n = v_sub(v_fma(x, v_set(0x1.715476p+0f), magic), magic);
  vec r = v_fma(n, v_set(-0x1.62e4p-1f), x);  // 15 bits of ln 2: the product is exact
  r = v_fma(n, v_set(-0x1.7f7d1cp-20f), r);
  return (reduced){n, r};
}

/// e^r 2^n; the minimax polynomial is 1 + r + r^2 q(r), its error 2^-28.
LMQ_SHARED vec v_exp_reduced(reduced a) {
  vec q = v_set(0x1.6a4d5ap-10f);
  q = v_fma(q, a.r, v_set(0x1.12398ep-7f));
  q = v_fma(q, a.r, v_set(0x1.5558bp-5f));
  q = v_fma(q, a.r, v_set(0x1.555492p-3f));
  q = v_fma(q, a.r, v_set(0x1.fffffcp-2f));
  vec p = v_add(v_fma(q, v_mul(a.r, a.r), a.r), v_set(1.0f));
  return v_scale(p, a.n);
}

LMQ_INLINE vec v_exp(vec x) { return v_exp_reduced(v_reduce(x)); }

LMQ_INLINE vec v_negative(vec x) { return v_sub(v_set(-0.0f), x); }
LMQ_INLINE vec v_magnitude(vec x) { return v_from_bits(i_and(v_bits(x), i_set(0x7FFFFFFF))); }

LMQ_SHARED vec v_tanh(vec x) {
  vec a = v_magnitude(x), s = v_mul(x, x);
  // Below 0.625 an odd polynomial; above, 1 - 2 / (e^2a + 1), whose error is small against 1.
  vec p = v_set(-0x1.754f46p-8f);
  p = v_fma(p, s, v_set(0x1.52041cp-6f));
  p = v_fma(p, s, v_set(-0x1.b836c8p-5f));
  p = v_fma(p, s, v_set(0x1.1106fap-3f));
  p = v_fma(p, s, v_set(-0x1.555532p-2f));
  vec near = v_fma(v_mul(p, s), x, x);
  vec far = v_sub(v_set(1.0f), v_div(v_set(2.0f), v_add(v_exp(v_add(a, a)), v_set(1.0f))));
  vec sign = v_from_bits(i_and(v_bits(x), i_set(0x80000000)));
  far = v_from_bits(i_or(v_bits(far), v_bits(sign)));
  return v_where_less(a, v_set(0.625f), near, far);
}

/// The distribution function of the standard normal, (1 + erf(x / sqrt 2)) / 2. For a = |x| the lower tail
/// is e^(-a^2 / 2) P(a) / Q(a); what a^2 lost in rounding goes into the exponent, so that the far tail is
/// right too.
LMQ_SHARED vec v_normal(vec x) {
  vec a = v_min(v_set(16.0f), v_magnitude(x));  // beyond, the tail rounds to 0
  vec square = v_mul(a, a), lost = v_fma(a, a, v_negative(square));
  reduced e = v_reduce(v_mul(square, v_set(-0.5f)));
  e.r = v_fma(lost, v_set(-0.5f), e.r);
  vec p = v_set(0x1.0dc426p-8f);
  p = v_fma(p, a, v_set(0x1.4cde06p-5f));
  p = v_fma(p, a, v_set(0x1.7743fp-3f));
  p = v_fma(p, a, v_set(0x1.c0d06p-2f));
  p = v_fma(p, a, v_set(0.5f));
  vec q = v_set(0x1.521912p-7f);
  q = v_fma(q, a, v_set(0x1.a136aep-4f));
  q = v_fma(q, a, v_set(0x1.e0bcdep-2f));
  q = v_fma(q, a, v_set(0x1.33d73ap+0f));
  q = v_fma(q, a, v_set(0x1.acaa6p+0f));
  q = v_fma(q, a, v_set(1.0f));
  vec tail = v_mul(v_exp_reduced(e), v_div(p, q));
  return v_where_less(x, v_set(0.0f), tail, v_sub(v_set(1.0f), tail));
}

LMQ_SHARED vec v_activate(vec x, lmq_activation activation) {
  vec u = x, numerator = x;
  switch (activation) {
  case LMQ_ACTIVATION_NONE: return x;
  case LMQ_ACTIVATION_GELU_ERF: return v_mul(x, v_normal(x));
  case LMQ_ACTIVATION_RELU: return v_max(v_set(0.0f), x);
  case LMQ_ACTIVATION_TANH: return v_tanh(x);
  // The others are numerator / (1 + e^-u).
  case LMQ_ACTIVATION_GELU_TANH:
    // x (1 + tanh w) / 2 = x / (1 + e^-2w), with 2w = x (2 sqrt(2 / pi) + 2 sqrt(2 / pi) 0.044715 x^2).
    u = v_mul(x, v_fma(v_mul(x, x), v_set(0x1.2444f2p-4f), v_set(0x1.988454p+0f)));
    break;
  case LMQ_ACTIVATION_QUICK_GELU: u = v_mul(x, v_set(1.702f)); break;
  case LMQ_ACTIVATION_SILU: break;
  case LMQ_ACTIVATION_SIGMOID: numerator = v_set(1.0f); break;
  }
  return v_div(numerator, v_add(v_exp(v_negative(u)), v_set(1.0f)));
}
