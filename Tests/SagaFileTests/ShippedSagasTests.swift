import SagaFile
import SagaModel
import Testing

/// The repository's own folder of sagas, wherever the checkout stands.
enum Repository {
    static let tests = "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/")
    static let sagas = tests + "/../../sagas"
}

@Suite struct ShippedSagasTests {
    @Test func everyFileIsSound() throws {
        let library = try SagaLibrary(folder: Repository.sagas)
        #expect(library.sagas.map(\.definition.name) == ["cancel-order", "create-order", "revise-order"])
        #expect(library.participants.map(\.name) == ["accounting", "consumer", "kitchen", "order"])
    }
}
