import Glibc
import Orchestration
import SagaFile
import SagaModel
import Testing

/// Keeps the histories of these runs where `SKALD_RECORD` names a folder, such as `sagas/histories`.
enum Recording {
    static func keep(_ history: History, of definition: RegisteredDefinition) throws {
        guard let folder = getenv("SKALD_RECORD").map({ String(cString: $0) }), history.version == 1 else { return }
        guard case .started(let event)? = history.entries.first?.input.happening,
            case .string(let key)? = event.payload[definition.compiled.startKey]
        else { return }
        let path = "\(folder)/\(history.definition)"
        mkdir(path, 0o755)
        let file = try #require(fopen("\(path)/lived-\(key)\(HistoryFile.suffix)", "w"))
        let bytes = Array(history.text.utf8)
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }
}
