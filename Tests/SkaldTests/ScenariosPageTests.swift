import SagaCheck
import SagaFile
import SagaModel
import Testing

@testable import Skald

/// What the page about scenarios says is true.
@Suite struct ScenariosPageTests {
    private func page() throws -> String {
        let path = sagas + "/../Sources/SagaFile/SagaFile.docc/Scenarios.md"
        return String(decoding: try SourceFile.read(path).bytes, as: UTF8.self)
    }

    private func examples() throws -> [String] {
        try page().split(separator: "```yaml\n").dropFirst().compactMap {
            $0.split(separator: "```", maxSplits: 1).first.map(String.init)
        }
    }

    @Test func theTablesOfKeysAreThoseOfTheParser() throws {
        let rows = JSONSchema.records(below: ScenarioFile.schema).map { record in
            let keys = record.keys().map { "| `\($0.name)` | \($0.isRequired ? "yes" : "") | \($0.about) |" }
            let head = "### `\(record.name)`\n\n\(record.about)\n\n| key | needed | what it means |\n|---|---|---|\n"
            return head + keys.joined(separator: "\n")
        }.joined(separator: "\n\n")
        #expect(try page().contains(rows), "Scenarios.md must hold:\n\(rows)")
    }

    @Test func theExamplesPass() throws {
        let library = try SagaLibrary(folder: sagas)
        var count = 0
        for example in try examples() where example.hasPrefix("sagas:") {
            let loaded = try ScenarioFile.scenarios(of: SourceFile(path: "page", text: example), library)
            for scenario in loaded {
                let result = try scenario.scenario.run(with: library.sagas.map(\.definition))
                #expect(result.isPassed, "\(scenario.scenario.name): \(result.failure?.description ?? "")")
                count += 1
            }
        }
        #expect(count == 5)
    }

    @Test func theExamplesUseEveryKey() throws {
        var used: Set<String> = []
        func collect(_ node: Node) {
            switch node.content {
            case .mapping(let entries):
                for entry in entries {
                    used.insert(entry.key.value)
                    collect(entry.value)
                }
            case .list(let items): for item in items { collect(item) }
            case .scalar: break
            }
        }
        for example in try examples() { collect(try YAMLReader.root(of: Array(example.utf8), file: "page")) }
        let keys = JSONSchema.records(below: ScenarioFile.schema).flatMap { $0.keys().map(\.name) }
        #expect(keys.filter { !used.contains($0) } == [])
    }

    @Test func theSchemaFitsTheShippedScenarios() throws {
        let schema = JSONSchema.value(of: ScenarioFile.schema, title: "scenario")
        #expect(CanonicalJSON.text(of: schema).contains("given-lost-command"))
    }
}
