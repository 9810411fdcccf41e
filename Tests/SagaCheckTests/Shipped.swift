import SagaFile
import SagaModel
import Testing

/// The sagas that the project ships, read from their files.
enum Shipped {
    /// The folder of the checkout.
    static let root = String(
        #filePath.prefix(upTo: #filePath.range(of: "/Tests/")?.lowerBound ?? #filePath.endIndex))

    static let library: SagaLibrary = {
        do {
            return try SagaLibrary(folder: root + "/sagas")
        } catch {
            fatalError("the shipped sagas do not load: \(error)")
        }
    }()

    static var all: [Definition] { library.sagas.map(\.definition) }

    static func saga(_ name: String) throws -> Definition {
        try #require(library.saga(named: name)).definition
    }

    static var createOrder: Definition { get throws { try saga("create-order") } }
    static var cancelOrder: Definition { get throws { try saga("cancel-order") } }
    static var reviseOrder: Definition { get throws { try saga("revise-order") } }
}

extension String {
    /// Finds a text without Foundation.
    fileprivate func range(of text: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}

extension Definition {
    /// The definition with one of its steps changed.
    func changing(_ id: String, _ change: (inout Step) -> Void) -> Definition {
        var definition = self
        definition.flow = flow.map { element in
            guard case .step(var step) = element, step.id == id else { return element }
            change(&step)
            return .step(step)
        }
        return definition
    }

    /// The definition with a participant's command changed.
    func changing(_ participant: String, command: String, _ change: (inout CommandContract) -> Void) -> Definition {
        var definition = self
        for index in definition.participants.indices where definition.participants[index].name == participant {
            for number in definition.participants[index].commands.indices
            where definition.participants[index].commands[number].name == command {
                change(&definition.participants[index].commands[number])
            }
        }
        return definition
    }
}
