// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CLimequat
internal import Limequat
internal import LimequatRuntime

@c @implementation
public func lmq_session_read_routing(
  _ session: OpaquePointer!, _ layer: Int, _ out_routing: UnsafeMutablePointer<lmq_routing>!,
  _ error: UnsafeMutablePointer<lmq_error>!
) -> lmq_status {
  answer(error) { () throws(CallError) in
    let session = try LimequatABI.session(session)
    let out = try required(out_routing, "out_routing")
    guard let trace = try limequat({ () throws(LimequatError) in try session.readTrace() }) else {
      throw .limequat(
        LimequatError(
          .notFound, "the last call left no routing, or the session was opened without trace_routing"))
    }
    guard let found = trace.layer(at: layer) else {
      throw notFound("layer", layer, trace.layerCount, "MoE layers in the last run")
    }
    var routing = lmq_routing()
    routing.layer_count = trace.layerCount
    routing.node = cString(found.node)
    routing.bank = cString(found.bank)
    routing.token_count = found.tokens
    routing.tokens_per_item = found.sequence
    routing.expert_count = found.expertCount
    routing.experts_per_token = found.k
    routing.group_size = found.groupSize
    routing.capacity = found.capacity ?? 0
    routing.experts = found.experts.baseAddress
    routing.gates = found.gates.baseAddress
    routing.kept = found.kept.baseAddress
    try routing.write(to: out, "out_routing")
  }
}

@c @implementation
public func lmq_session_read_counters(
  _ session: OpaquePointer!, _ out_counters: UnsafeMutablePointer<lmq_session_counters>!,
  _ error: UnsafeMutablePointer<lmq_error>!
) -> lmq_status {
  answer(error) { () throws(CallError) in
    let session = try LimequatABI.session(session)
    let out = try required(out_counters, "out_counters")
    let found = try limequat { () throws(LimequatError) in try session.readCounters() }
    var counters = lmq_session_counters()
    counters.runs = count(found.runs)
    counters.routed_tokens = count(found.routedTokens)
    counters.plans_made = count(found.plansMade)
    counters.plans_held = count(found.plansHeld)
    counters.arena_bytes = count(found.arenaBytes)
    counters.peak_arena_bytes = count(found.peakArenaBytes)
    counters.hits = count(found.experts.hits)
    counters.misses = count(found.experts.misses)
    counters.bytes_read = count(found.experts.bytesRead)
    counters.wait_nanoseconds = count(found.experts.waitNanoseconds)
    try counters.write(to: out, "out_counters")
  }
}

@c @implementation
public func lmq_session_trim(
  _ session: OpaquePointer!, _ error: UnsafeMutablePointer<lmq_error>!
) -> lmq_status {
  answer(error) { () throws(CallError) in
    let session = try LimequatABI.session(session)
    try limequat { () throws(LimequatError) in try session.trim() }
  }
}

@c @implementation
public func lmq_model_read_counters(
  _ model: OpaquePointer!, _ out_counters: UnsafeMutablePointer<lmq_model_counters>!,
  _ error: UnsafeMutablePointer<lmq_error>!
) -> lmq_status {
  answer(error) { () throws(CallError) in
    let model = try LimequatABI.model(model)
    let found = try limequat { () throws(LimequatError) in try model.readCounters() }
    let out = try required(out_counters, "out_counters")
    var counters = lmq_model_counters()
    counters.hits = count(found.experts.hits)
    counters.misses = count(found.experts.misses)
    counters.bytes_read = count(found.experts.bytesRead)
    counters.wait_nanoseconds = count(found.experts.waitNanoseconds)
    counters.expert_bytes = count(found.expertBytes)
    counters.peak_expert_bytes = count(found.peakExpertBytes)
    counters.tensor_bytes = count(found.tensorBytes)
    counters.tensor_bytes_read = count(found.tensorBytesRead)
    try counters.write(to: out, "out_counters")
  }
}

/// A count of ours, which is never negative.
private func count(_ value: Int) -> UInt64 { UInt64(truncatingIfNeeded: value) }
