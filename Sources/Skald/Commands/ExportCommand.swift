import SagaFile
import SagaModel

extension Command {
    static let export = Command(
        "export", "Write the contract or the file format for other tools",
        examples: [
            Example("skald export asyncapi > asyncapi.yaml", "What to read and write to take part, in any language."),
            Example("skald export schema saga > saga.schema.json", "For editors, to complete keys and mark mistakes."),
            Example("skald export schema participant", "The same for participant files; `scenario` for scenarios."),
        ],
        operands: Operands(
            label: "asyncapi|schema [KIND]", about: "KIND is saga, participant or scenario; saga if left out.",
            count: 1...2),
        options: [
            .value("sagas", "FOLDER", "The folder with the definitions; `sagas` if left out."),
            .choice("format", ["yaml", "json"], "How to write it: AsyncAPI is YAML by default, a schema always JSON."),
        ],
        exits: [.badInput: "a file of the folder cannot be read"]
    ) { arguments, console in
        switch arguments.operands[0] {
        case "asyncapi": try exportAsyncAPI(arguments, console)
        case "schema": try exportSchema(arguments, console)
        default:
            throw Failure(
                .usage, "`\(arguments.operands[0])` cannot be exported",
                remedy: Spelling.nearest(to: arguments.operands[0], among: ["asyncapi", "schema"]).map {
                    "Did you mean `skald export \($0)`?"
                } ?? "asyncapi and schema can.")
        }
        return .success
    }

    private static func exportAsyncAPI(_ arguments: Arguments, _ console: Console) throws {
        if arguments.operands.count > 1 { throw Failure(.usage, "`skald export asyncapi` takes nothing else") }
        let library = try SagaLibrary(folder: arguments.value("sagas") ?? "sagas")
        let document = AsyncAPI(library.participants, version: Tool.version).value
        let isJSON = arguments.value("format") == "json"
        try console.output.write(isJSON ? PrettyJSON.text(of: document) : YAMLWriter.text(of: document))
    }

    private static func exportSchema(_ arguments: Arguments, _ console: Console) throws {
        let word = arguments.operands.count > 1 ? arguments.operands[1] : "saga"
        if arguments.value("format") == "yaml" { throw Failure(.usage, "a schema is written as JSON only") }
        let words = JSONSchema.Kind.allCases.map(\.rawValue) + ["scenario"]
        let schema: Value
        if let kind = JSONSchema.Kind(rawValue: word) {
            schema = JSONSchema.value(of: kind)
        } else if word == "scenario" {
            schema = JSONSchema.value(of: ScenarioFile.schema, title: "Skald scenario file")
        } else {
            throw Failure(.usage, "there is no schema of `\(word)`", remedy: "One of \(words.joined(separator: ", ")).")
        }
        try console.output.write(PrettyJSON.text(of: schema))
    }
}
