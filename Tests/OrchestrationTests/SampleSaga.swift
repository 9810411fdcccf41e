import SagaFile
import SagaModel
import Testing

@testable import Orchestration

/// A create-order saga by the definition that is shipped.
enum SampleSaga {
    private static let sagas = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/sagas"

    /// Copies of the shipped create-order under other names.
    ///
    /// - Parameter keys: the field that each starts by, by its name.
    static func library(_ keys: [String: String]) throws -> SagaLibrary {
        let participants = try ["order", "consumer", "kitchen", "accounting"].map {
            try SourceFile.read("\(sagas)/participants/\($0).participant.yaml")
        }
        let text = String(decoding: try SourceFile.read(sagas + "/create-order.saga.yaml").bytes, as: UTF8.self)
        let files = keys.sorted { $0.key < $1.key }.map { name, key in
            SourceFile(
                path: name + SagaLibrary.sagaSuffix,
                text: text.replacing("saga: create-order", with: "saga: " + name)
                    .replacing("key: orderId", with: "key: " + key))
        }
        return try SagaLibrary(participants: participants, sagas: files)
    }

    /// One that has begun, and has not been written.
    static func started(key: String = "o1") throws -> SagaFold {
        let shelf = try DefinitionShelf(SagaLibrary(folder: sagas))
        let definition = try #require(shelf.definitions(startingOn: "order.created").first)
        let fold = SagaFold(starting: definition, at: 1000, traceparent: "t")
        let id = Identifier.saga(definition: "create-order", key: .string(key), milliseconds: 1000)
        let payload: Record = [
            "orderId": .string(key), "consumerId": "ada", "restaurantId": "roma",
            "lines": .list([["menuItemId": "pizza", "quantity": 1]]),
        ]
        fold.take(Input(.started(StartEvent(saga: id, payload: payload)), milliseconds: 1000), cause: nil)
        return fold
    }
}
