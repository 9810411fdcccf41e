import Testing

@Suite struct LayeringTests {
    private let manifest = Manifest(Repository.file("Package.swift")?.text ?? "")

    @Test func everyImportIsAllowed() {
        let violations = Repository.swiftFiles.flatMap { LayeringRules.imports(of: $0, in: manifest) }
        #expect(violations.isEmpty, "\(list(violations))")
    }

    @Test func everyDependencyIsAllowed() {
        #expect(manifest.targets.contains { $0.name == "Telemetry" })
        let violations = LayeringRules.dependencies(of: manifest)
        #expect(violations.isEmpty, "\(list(violations))")
    }

    @Test func theTableOnlyLooksDown() {
        #expect(LayeringRules.table(House.rooms) == [])
    }

    @Test func everySourceFileIsCompiled() {
        let violations = LayeringRules.deadFiles(Repository.files, in: manifest)
        #expect(violations.isEmpty, "\(list(violations))")
    }

    // MARK: The rules find what is planted

    private let planted = Manifest(
        """
        .systemLibrary(name: "CPostgres", path: "Sources/System/CPostgres", pkgConfig: "libpq"),
        .target(name: "Telemetry"),
        .target(name: "SagaModel"),
        .target(
            name: "AMQP", dependencies: ["Telemetry", "CPostgres"]),
        .executableTarget(name: "Benchmarks", dependencies: ["AMQP"], exclude: ["Baselines"]),
        .executableTarget(name: "OrderService", dependencies: ["LocalServers"], path: "Sources/Services/OrderService"),
        .target(name: "Leftovers"),
        .testTarget(name: "AMQPTests", dependencies: ["AMQP"]),
        .testTarget(name: "NobodyTests", dependencies: ["AMQP"]),
        """)

    @Test(arguments: [
        ("Sources/AMQP/A.swift", "import Telemetry\nimport Glibc\n", 0),
        ("Sources/AMQP/A.swift", "// import Postgres\nlet a = \"import Postgres\"\n", 0),
        ("Sources/AMQP/A.swift", "public import struct SagaModel.Saga\n", 1),
        ("Sources/AMQP/A.swift", "@testable private import Postgres\n", 1),
        ("Sources/AMQP/A.swift", "import Foundation\n", 1),
        ("Sources/SagaModel/A.swift", "import Glibc\n", 1),
        ("Sources/SagaModel/A.swift", "func f() { importantThing() }\n", 0),
        ("Sources/Services/OrderService/A.swift", "import LocalServers\n", 1),
        ("Sources/Services/OrderService/A.swift", "import Participant\n", 0),
        ("Sources/Leftovers/A.swift", "", 1),
        ("Tests/AMQPTests/A.swift", "import Foundation\n", 0),
    ])
    func findsAPlantedImport(path: String, text: String, count: Int) {
        #expect(LayeringRules.imports(of: TextFile(path: path, text: text), in: planted).count == count)
    }

    @Test func findsPlantedDependencies() {
        let found = LayeringRules.dependencies(of: planted).map(\.remedy)
        #expect(found.count == 4)
        for problem in [
            "AMQP may not depend on CPostgres", "OrderService may not", "Leftovers is not", "NobodyTests tests no",
        ] {
            #expect(found.contains { $0.contains(problem) }, "\(problem)")
        }
    }

    @Test func findsARoomThatLooksUp() {
        let rooms = [House.Room(name: "Low", mayImport: ["High"]), House.Room(name: "High", mayImport: ["Low"])]
        #expect(LayeringRules.table(rooms).map(\.remedy) == ["Low looks up or at nothing: High"])
    }

    @Test func findsDeadFiles() {
        let paths = [
            "Sources/AMQP/A.swift", "Sources/Lost/A.swift", "Sources/Benchmarks/Baselines/loop.c", "Tests/Lost.swift",
            "README.md",
        ]
        let found = LayeringRules.deadFiles(paths.map { TextFile(path: $0, text: "") }, in: planted).map(\.path)
        #expect(found == ["Sources/Lost/A.swift", "Sources/Benchmarks/Baselines/loop.c", "Tests/Lost.swift"])
    }
}

/// One violation a line, as an editor can jump to it.
func list(_ violations: [Violation]) -> String { "\n" + violations.map(\.description).joined(separator: "\n") }
