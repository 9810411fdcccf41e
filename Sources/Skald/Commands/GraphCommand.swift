import SagaCheck
import SagaFile
import SagaModel

extension Command {
    static let graph = Command(
        "graph", "Draw a saga, or a run of it",
        examples: [
            Example(
                "skald graph sagas/create-order.saga.yaml --format svg > create-order.svg", "A picture for a browser."),
            Example("skald graph sagas/create-order.saga.yaml", "Mermaid, for a page of Markdown."),
            Example(
                "skald graph sagas/create-order.saga.yaml --format svg --history run.history.json > run.svg",
                "The same picture with what happened drawn on it."),
        ],
        operands: .files("FILE", "The saga file; its participants stand beside it.", count: 1...1),
        options: [
            .choice("format", ["mermaid", "dot", "svg"], "How to draw it; mermaid if left out."),
            .value("history", "FILE", "Draw this run on it."),
        ],
        exits: [.badInput: "a file cannot be read, or the history is of another saga"]
    ) { arguments, console in
        let saga = try SagaPaths.saga(arguments.operands[0])
        let diagram = try diagram(of: saga, history: arguments.value("history"))
        let text =
            switch arguments.value("format") {
            case "dot": diagram.dot
            case "svg": diagram.svg
            default: diagram.mermaid
            }
        try console.output.write(text.hasSuffix("\n") ? text : text + "\n")
        return .success
    }

    private static func diagram(of saga: LoadedSaga, history path: String?) throws -> Diagram {
        guard let path else { return Diagram(saga.definition) }
        let history = try HistoryFile.history(of: .read(path, byteCountMax: Limits.recorded.byteCountMax))
        guard history.definition == saga.definition.name else {
            throw Failure(
                .badInput, "\(path) is a history of `\(history.definition)`, not of `\(saga.definition.name)`")
        }
        return Diagram(try CompiledDefinition(saga.definition), run: history)
    }
}

extension SagaPaths {
    /// The one saga of a file: YAML with its participants beside it, or the canonical form (`*.json`) of a store.
    static func saga(_ path: String) throws -> LoadedSaga {
        if path.hasSuffix(".json") {
            let file = try SourceFile.read(path)
            return try LoadedSaga.canonical(String(decoding: file.bytes, as: UTF8.self), name: path)
        }
        guard let saga = try SagaLibrary(sagaFiles: [path]).sagas.first else {
            throw Failure(.badInput, "\(path) holds no saga")
        }
        return saga
    }
}
