import SagaFile
import SagaModel
import Testing

@testable import Orchestration

/// A create-order saga by the definition that is shipped.
enum SampleSaga {
    private static let sagas = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/sagas"

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
