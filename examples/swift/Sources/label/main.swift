// label MODEL LABEL,LABEL,... TEMPLATE IMAGE.ppm...: the best label of each image by text prompts. The labels
// are embedded once; then an image is a vector and a product.
import Foundation
import Limequat

let arguments = CommandLine.arguments
guard arguments.count >= 5 else {
  FileHandle.standardError.write(Data("usage: label MODEL LABEL,LABEL,... TEMPLATE IMAGE.ppm...\n".utf8))
  exit(2)
}
do {
  let model = try Model.open(path: arguments[1])
  let session = try model.makeSession()
  let labels = arguments[2].split(separator: ",").map(String.init)
  let labelVectors = try session.embed(labels: labels, templates: [arguments[3]])
  for path in arguments[4...] {
    let image = try readPortableImage(path)
    let scores = try session.score(images: session.embed(images: [image]), labels: labelVectors)[0]
    let best = scores.indices.max { scores[$0] < scores[$1] } ?? 0
    print("\(labels[best])\t\(String(format: "%.4f", scores[best]))\t\(path)")
  }
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(1)
}
