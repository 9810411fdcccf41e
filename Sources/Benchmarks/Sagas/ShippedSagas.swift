internal import SagaFile
internal import SagaModel

/// The sagas that the project ships, found from the folder the benchmark runs in.
enum ShippedSagas {
    /// - Throws: when no folder above holds `sagas/`, or its files are broken.
    static func load() throws -> [String: Definition] {
        // The benchmark is run from the project or from a folder within it.
        for folder in ["sagas", "../sagas", "../../sagas"] {
            guard let library = try? SagaLibrary(folder: folder), !library.sagas.isEmpty else { continue }
            return Dictionary(library.sagas.map { ($0.definition.name, $0.definition) }) { _, newer in newer }
        }
        // Said by the loader, so that a broken file is named.
        let library = try SagaLibrary(folder: "sagas")
        return Dictionary(library.sagas.map { ($0.definition.name, $0.definition) }) { _, newer in newer }
    }
}
