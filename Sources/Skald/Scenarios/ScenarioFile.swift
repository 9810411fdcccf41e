import SagaCheck
import SagaFile
import SagaModel

/// Scenarios on disk.
enum ScenarioFile {
    /// The end of such a file's name.
    static let suffix = ".scenario.yaml"

    /// The format, put together once.
    private static let format = Format<ScenarioFileDraft>.scenarioFile

    /// The record at the top, for the schema.
    static var schema: RecordSchema {
        guard case .record(let record) = format.schema else { preconditionFailure("a file is a record") }
        return record
    }

    /// A scenario and where it stands.
    struct Loaded: Sendable {
        let path: String
        let mark: Mark
        let scenario: Scenario
        /// The places of its moments.
        let moments: [Mark]
    }

    /// Reads the scenarios of a file.
    ///
    /// - Throws: `DefinitionError` with all faults of the file.
    static func scenarios(of file: SourceFile, _ library: SagaLibrary) throws(DefinitionError) -> [Loaded] {
        var report = Report(file: file.path)
        let root = try YAMLReader.root(of: file.bytes, file: file.path)
        guard let draft = format.read(root, &report), !report.hasFaults else {
            throw DefinitionError(report.diagnostics)
        }
        var resolver = ScenarioResolver(library, report)
        var seen: Set<String> = []
        var loaded: [Loaded] = []
        for scenario in draft.scenarios {
            if !seen.insert(scenario.name.value).inserted {
                resolver.add(
                    .duplicateItem, at: scenario.name.mark,
                    "the scenario `\(scenario.name.value)` stands here a second time")
            }
            guard let resolved = resolver.resolve(scenario, sagas: draft.sagas) else { continue }
            loaded.append(
                Loaded(
                    path: file.path, mark: scenario.name.mark, scenario: resolved,
                    moments: scenario.story.map(\.mark)))
        }
        if resolver.report.hasFaults { throw DefinitionError(resolver.report.diagnostics) }
        return loaded
    }
}
