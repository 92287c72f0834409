// swift-tools-version: 6.3
import PackageDescription

/// Settings of every Swift target.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
]
/// Settings of the targets that liblimequat links: with the trait they compile as Embedded Swift.
let runtime = strict + [.enableExperimentalFeature("Embedded", .when(traits: ["Embedded"]))]

/// A Swift target that is part of liblimequat: no Foundation.
func room(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: runtime)
}
/// A Swift target of the converter and the command line.
func workshop(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}
/// The tests of one target, in `Tests/<name>Tests`; fixtures are read by path.
func tests(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: [.byName(name: name), "LimequatTestSupport"] + dependencies,
    exclude: exclude, swiftSettings: strict)
}

let package = Package(
  name: "limequat",
  products: [
    .library(name: "Limequat", targets: ["Limequat"]),
    .executable(name: "limequat", targets: ["LimequatCommand"]),
    // Everything that reads bytes from outside, for Tests/Fuzz. No interface for anyone else.
    .library(
      name: "LimequatReaders",
      targets: [
        "CLimequat", "LimequatABI", "LimequatBytes", "LimequatTensor", "LimequatGraph", "LimequatText",
        "LimequatCheckpoint", "LimequatConvert", "CImageCodecs",
      ]),
  ],
  traits: [
    .trait(name: "Embedded", description: "Compile the targets under the C API as Embedded Swift.")
  ],
  dependencies: [.package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")],
  targets: [
    .systemLibrary(
      name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
    .systemLibrary(name: "CJansson", pkgConfig: "jansson", providers: [.apt(["libjansson-dev"])]),
    .target(name: "CLimequatSchema", dependencies: ["CProtobufC"], exclude: ["generated"]),
    .target(name: "CSentencePieceSchema", dependencies: ["CProtobufC"], exclude: ["generated"]),
    .target(name: "CLimequatKernels"),
    .target(name: "CLimequatPlatform"),
    .target(name: "CLimequat"),
    .target(
      name: "CImageCodecs",
      linkerSettings: [.linkedLibrary("png16"), .linkedLibrary("jpeg")]),

    room("LimequatBytes", ["CLimequatPlatform"]),
    room("LimequatTensor", ["LimequatBytes"]),
    room("LimequatProtobuf", ["CProtobufC", "CLimequatPlatform", "LimequatBytes"]),
    room(
      "LimequatContainer",
      ["CLimequatSchema", "CProtobufC", "LimequatProtobuf", "LimequatBytes", "LimequatTensor"]),
    room(
      "LimequatGraph",
      ["CLimequatSchema", "CProtobufC", "LimequatProtobuf", "LimequatBytes", "LimequatTensor"]),
    room("LimequatText", ["LimequatBytes"]),
    room("LimequatVision", ["LimequatBytes"]),
    room(
      "LimequatRuntime",
      [
        "CLimequatKernels", "CLimequatPlatform", "LimequatBytes", "LimequatTensor", "LimequatContainer",
        "LimequatGraph",
      ]),
    room(
      "Limequat",
      [
        "LimequatBytes", "LimequatTensor", "LimequatContainer", "LimequatGraph", "LimequatText",
        "LimequatVision", "LimequatRuntime",
      ]),
    room(
      "LimequatABI",
      ["CLimequat", "CLimequatPlatform", "LimequatBytes", "LimequatTensor", "LimequatRuntime", "Limequat"],
      exclude: ["sdk"]),

    workshop("LimequatCheckpoint", ["CJansson", "CLimequatPlatform", "LimequatBytes", "LimequatTensor"]),
    .target(name: "CLimequatQuantize"),
    workshop(
      "LimequatQuantize",
      ["CLimequatQuantize", "LimequatBytes", "LimequatTensor", "LimequatContainer", "LimequatGraph"]),
    workshop(
      "LimequatConvert",
      [
        "CLimequatPlatform", "CLimequatSchema", "CProtobufC", "CSentencePieceSchema", "LimequatBytes",
        "LimequatTensor", "LimequatProtobuf", "LimequatContainer", "LimequatGraph", "LimequatText",
        "LimequatCheckpoint",
      ]),
    workshop("LimequatSynth", ["CLimequatPlatform", "LimequatBytes", "LimequatTensor"]),
    .executableTarget(
      name: "LimequatCommand",
      dependencies: [
        "CImageCodecs", "CJansson", "CLimequatPlatform", "LimequatBytes", "LimequatTensor",
        "LimequatContainer", "LimequatGraph", "LimequatRuntime", "Limequat", "LimequatConvert",
        "LimequatQuantize", "LimequatSynth",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    .target(
      name: "LimequatTestSupport", dependencies: ["LimequatBytes"], path: "Tests/LimequatTestSupport",
      swiftSettings: strict),
    tests("LimequatBytes"),
    tests("LimequatTensor"),
    .target(
      name: "CKernelComparison", dependencies: ["CLimequatKernels"], path: "Tests/CKernelComparison"),
    tests("CLimequatKernels", ["CKernelComparison", "LimequatTensor"]),
    tests("LimequatProtobuf", ["CLimequatSchema", "CProtobufC", "LimequatBytes"]),
    tests("LimequatContainer", ["LimequatBytes", "LimequatTensor"]),
    tests("LimequatGraph", ["LimequatBytes", "LimequatTensor"], exclude: ["Fixtures"]),
    tests("LimequatText", ["LimequatBytes"], exclude: ["Fixtures"]),
    tests("LimequatVision", ["LimequatBytes"], exclude: ["Fixtures"]),
    tests(
      "LimequatRuntime",
      [
        "CLimequatKernels", "LimequatBytes", "LimequatTensor", "LimequatContainer", "LimequatGraph",
        "LimequatConvert", "LimequatQuantize",
      ],
      exclude: ["Fixtures"]),
    tests("Limequat", ["CImageCodecs", "LimequatBytes", "LimequatConvert"]),
    tests("LimequatABI", ["CLimequat", "LimequatConvert"], exclude: ["Fixtures"]),
    tests("LimequatCheckpoint", ["LimequatBytes", "LimequatTensor"], exclude: ["Fixtures"]),
    tests(
      "LimequatSynth", ["LimequatBytes", "LimequatTensor", "LimequatCheckpoint", "LimequatConvert"]),
    tests(
      "LimequatQuantize",
      [
        "CLimequatQuantize", "LimequatBytes", "LimequatTensor", "LimequatContainer", "LimequatGraph",
        "LimequatConvert",
      ],
      exclude: ["Fixtures"]),
    tests(
      "LimequatConvert",
      [
        "LimequatBytes", "LimequatTensor", "LimequatContainer", "LimequatGraph", "LimequatText",
        "LimequatCheckpoint",
      ]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu11
)
