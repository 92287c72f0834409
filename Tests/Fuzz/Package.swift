// swift-tools-version: 6.3
import PackageDescription

// Fuzz targets for everything that reads bytes from outside: Tests/fuzz.sh builds and runs them. A package of
// its own, because the sanitizers and libFuzzer need settings that a package others depend on must not have.
let package = Package(
  name: "limequat-fuzz",
  dependencies: [.package(name: "limequat", path: "../..")],
  targets: [
    .target(
      name: "FuzzTargets", dependencies: [.product(name: "LimequatReaders", package: "limequat")],
      swiftSettings: [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
      ]),
    // C, since libFuzzer brings the main function, and replaying needs one of its own.
    .executableTarget(name: "fuzz", dependencies: ["FuzzTargets"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu11
)
