extension ModelSizes {
  /// config.json (formats/limoe-checkpoint.md, section 2): dropless, token ids without a tokenizer, images
  /// squashed.
  func config(name: String, seed: UInt64) -> String {
    """
    {
      "model_type": "limoe",
      "image_size": \(image),
      "patch_size": \(patch),
      "hidden_size": \(width),
      "num_heads": \(heads),
      "num_layers": \(layers),
      "mlp_dim": \(hidden),
      "vocab_size": \(vocabulary),
      "text_length": \(textLength),
      "projection_size": \(projection),
      "moe_layers": [\(moeLayers.map { "\($0)" }.joined(separator: ", "))],
      "num_experts": \(experts),
      "num_selected_experts": 1,
      "group_size": "item",
      "capacity_factor": null,
      "image_pooling": "mean",
      "text_pooling": "mean",
      "tokenizer": {"type": "none"},
      "image_preprocessing": {"resize": "squash", "interpolation": "bicubic"},
      "metadata": {
        "name": "\(name)",
        "license": "CC0-1.0",
        "source": "limequat synth, seed \(seed)",
        "intended_use": "measuring speed and memory: the weights are random"
      }
    }

    """
  }
}
