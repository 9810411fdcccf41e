import Glibc
internal import SagaFile
internal import SagaModel

/// The sagas that the project ships, found from the folder the benchmark runs in.
enum ShippedSagas {
    /// - Throws: when no folder above holds `sagas/`, or its files are broken.
    static func load() throws -> [String: Definition] {
        Dictionary(try library().sagas.map { ($0.definition.name, $0.definition) }) { _, newer in newer }
    }

    /// As `load`, with the participants.
    static func library() throws -> SagaLibrary { try SagaLibrary(folder: folder) }

    /// The folder's whole path, so that a process may run anywhere.
    static var absoluteFolder: String {
        guard let path = realpath(folder, nil) else { return folder }
        defer { free(path) }
        return String(cString: path)
    }

    /// The benchmark is run from the project or from a folder within it; if neither, the loader says what is missing.
    private static var folder: String {
        ["sagas", "../sagas", "../../sagas"].first { (try? SagaLibrary(folder: $0))?.sagas.isEmpty == false } ?? "sagas"
    }
}
