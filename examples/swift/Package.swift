// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "label",
  // A program outside this repository names its address and a version here.
  dependencies: [.package(name: "limequat", path: "../..")],
  targets: [
    .executableTarget(name: "label", dependencies: [.product(name: "Limequat", package: "limequat")])
  ],
  swiftLanguageModes: [.v6]
)
