import Messaging
import Telemetry

/// The types of messages an operator holds back, as last read from the database.
final class PausedTypes: Sendable {
    private let types = Lock<Set<String>>([])

    func set(_ scopes: Set<String>) { types.withLock { $0 = scopes } }

    func holds(_ type: MessageType) -> Bool {
        types.withLock { !$0.isEmpty && $0.contains(type.text) }
    }

    var all: Set<String> { types.withLock { $0 } }
}
