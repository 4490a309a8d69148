// swift-tools-version: 6.2
import PackageDescription

// libtorch is always here: a link that `scripts/setup` makes to the unpacked PyPI wheels.
let libtorch = "\(Context.packageDirectory)/.libtorch/torch"

// scripts/fuzz names libFuzzer's library here: then our modules count what an input reaches, and there is a program that
// tries inputs.
let fuzzer = Context.environment["SHEARLING_FUZZER"]

let swiftSettings: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .treatAllWarnings(as: .error),
    ] + (fuzzer == nil ? [] : [.unsafeFlags(["-sanitize=fuzzer"])])
// Plain headers: with C++ modules on, clang wants a precompiled module for each header of ours.
let cxxSettings: [CXXSetting] = [
    .treatAllWarnings(as: .error), .unsafeFlags(["-fno-cxx-modules"]), .headerSearchPath("../CBoundary"),
]
// Optimised in debug builds too: loops over numbers are not what one debugs there, and tests run through them.
let torchHeaders: [CXXSetting] = [
    .unsafeFlags(["-O2", "-isystem", "\(libtorch)/include", "-isystem", "\(libtorch)/include/torch/csrc/api/include"])
]
// The program of scripts/build-portable is told by its launcher where libtorch is, and leaves out locale tables (their
// symbol is the variable's value). What it brings along stands in lib/ beside bin/.
let portable = Context.environment["SHEARLING_PORTABLE"]
// `.nccl` is a link that `scripts/build-nccl` makes; there may be none.
let runPath = portable == nil ? "\(libtorch)/lib:\(Context.packageDirectory)/.nccl" : "$ORIGIN/../lib"
let torchLibraries: [LinkerSetting] = [
    .unsafeFlags(["-L\(libtorch)/lib", "-Xlinker", "-rpath", "-Xlinker", runPath]),
    .linkedLibrary("torch_cpu"), .linkedLibrary("c10"),
]

func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}
/// The tests of a module. Fixtures need libtorch: modules without it have tests without them.
func tests(_ name: String, _ dependencies: [Target.Dependency], fixtures: [Target.Dependency] = ["Fixtures"]) -> Target
{
    .testTarget(name: "\(name)Tests", dependencies: dependencies + fixtures, swiftSettings: swiftSettings)
}

/// What everything with a model in it imports.
let models: [Target.Dependency] = ["Transformer", "Corpus", "Torch"]
let mustache: Target.Dependency = .product(name: "Mustache", package: "swift-mustache")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "shearling",
    products: [
        .executable(name: "shear", targets: ["shear"]),
        // For tests alone, which start processes with it.
        .library(name: "Faults", type: .dynamic, targets: ["CFaults"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    ],
    targets: [
        .executableTarget(
            name: "shear",
            dependencies: [
                "Pipeline", "Report", "SuperNetwork", "Search", "Shearing", "Training", "Evaluation", "Statistics",
                "Supervisor", arguments,
            ] + models
                + (portable == nil ? [] : ["CNoLocales"]), swiftSettings: swiftSettings),
        module(
            "Pipeline",
            ["Report", "SuperNetwork", "Search", "Shearing", "Training", "Evaluation", "Statistics", "Files", "Yams"]
                + models),
        module("SuperNetwork", ["Search", "Shearing", "Training", "Evaluation", "Statistics"] + models),
        module("Shearing", ["Training", "Evaluation"] + models),
        module("Training", ["Evaluation", "Files"] + models),
        module("Evaluation", ["Statistics"] + models),
        module("Transformer", ["Torch", "Files"]),
        module("Torch", ["CTorch", "Files"]),
        module("Report", ["Statistics", mustache]),
        module("Statistics", ["Corpus"]),
        module("Search", ["Corpus", "Files", "CSVM"]),
        module("Corpus", ["CCorpus", "Files", "CLibcrypto", "CZlib", "CZstd", "Yams"]),
        module("Supervisor", ["CSpawn", "Files"]),
        module("Files", []),
        .target(name: "CSpawn", cSettings: [.treatAllWarnings(as: .error)]),
        .target(
            // nccl/ becomes a library of its own: `scripts/build-nccl`.
            name: "CTorch", dependencies: ["CBoundary"], exclude: ["nccl"],
            cxxSettings: cxxSettings + torchHeaders + [.define("AT_PER_OPERATOR_HEADERS")],
            linkerSettings: torchLibraries),
        .target(
            name: "CCorpus", dependencies: ["CBoundary"],
            cxxSettings: cxxSettings + (fuzzer == nil ? [] : [.unsafeFlags(["-fsanitize=fuzzer-no-link"])]),
            linkerSettings: [.linkedLibrary("simdjson"), .linkedLibrary("sentencepiece"), .linkedLibrary("pcre2-8")]),
        .target(name: "CBoundary", cxxSettings: cxxSettings),
        .target(name: "CNoLocales", cSettings: portable.map { [.define("LOCALE_TABLES", to: $0)] }),
        .systemLibrary(name: "CLibcrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSVM", providers: [.apt(["libsvm-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .target(
            name: "Fixtures", dependencies: models + ["CZlib", "CZstd"], path: "Tests/Fixtures",
            exclude: ["Golden", "Text"], swiftSettings: swiftSettings),
        .target(
            name: "Fuzzing", dependencies: ["Pipeline", "Training", "Evaluation", "Fixtures"] + models,
            path: "Tests/Fuzzing", swiftSettings: swiftSettings),
        .target(name: "CFaults", path: "Tests/CFaults", cSettings: [.treatAllWarnings(as: .error)]),
        tests("Files", ["Files"]),
        tests("Supervisor", ["Supervisor"]),
        tests("Torch", ["Torch"]),
        tests("Corpus", ["Corpus"]),
        tests("Search", ["Search", "Corpus"], fixtures: []),
        tests("Statistics", ["Statistics", "Corpus"], fixtures: []),
        tests("Report", ["Report", "Statistics", "Corpus"], fixtures: []),
        tests("Transformer", ["Transformer", "Torch"]),
        tests("Evaluation", ["Evaluation", "Statistics"] + models),
        tests("Training", ["Training", "Evaluation", "Files"] + models),
        tests("Shearing", ["Shearing", "Training", "Evaluation"] + models),
        tests("SuperNetwork", ["SuperNetwork", "Search", "Shearing", "Training", "Evaluation"] + models),
        tests(
            "Pipeline",
            ["Pipeline", "Report", "Statistics", "SuperNetwork", "Search", "Shearing", "Training", "Evaluation"]
                + models),
        tests("Fuzzing", ["Fuzzing"]),
        tests("Shear", ["shear"]),
    ]
        + (fuzzer.map {
            [
                .executableTarget(
                    name: "fuzzer", dependencies: ["Fuzzing"], path: "Tests/Fuzzer", swiftSettings: swiftSettings,
                    linkerSettings: [.unsafeFlags(["-Xlinker", $0]), .linkedLibrary("stdc++")])
            ]
        } ?? []),
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx20
)
