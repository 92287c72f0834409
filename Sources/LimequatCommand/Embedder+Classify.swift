internal import Limequat
internal import LimequatTensor

extension Embedder {
  /// The probability of each label for each image, f32 (paths, labels). Labels first: they are few, and a
  /// fault in them shows before the images are read.
  func classify(
    images paths: [String], labels: [String], templates: [String]
  ) throws(Fault) -> NumpyArray {
    let width = model.embeddingSize
    let labelVectors = try NumpyArray(type: .f32, shape: Shape(of: labels.count, width))
    try Embedder.withNames(labels) { (labels) throws(Fault) in
      try Embedder.withNames(templates) { (templates) throws(Fault) in
        try Fault.calling { () throws(LimequatError) in
          try session.embed(labels: labels, templates: templates, into: labelVectors.floats)
        }
      }
    }
    let imageVectors = try NumpyArray(type: .f32, shape: Shape(of: paths.count, width))
    try embed(images: paths, into: imageVectors.floats)
    let scores = try NumpyArray(type: .f32, shape: Shape(of: paths.count, labels.count))
    try Fault.calling { () throws(LimequatError) in
      try session.score(
        images: .init(imageVectors.floats), labels: .init(labelVectors.floats), into: scores.floats)
    }
    return scores
  }
}
