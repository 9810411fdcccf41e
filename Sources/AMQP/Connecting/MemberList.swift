import Telemetry

/// The publishers and consumers made on a connection that are still in use.
///
/// A consumer that was let go is in use until what it handed out is settled.
final class MemberList: Sendable {
    private struct Members {
        var publishers: [WeakReference<Publisher>] = []
        var consumers: [ConsumerShell] = []
    }

    private let members = Lock(Members())

    var publishers: [Publisher] { members.withLock { $0.publishers.compactMap(\.value) } }
    var consumers: [ConsumerShell] { members.withLock { $0.consumers } }

    func add(_ publisher: Publisher) {
        members.withLock { members in
            members.publishers.removeAll { $0.value == nil }
            members.publishers.append(WeakReference(publisher))
        }
    }

    func add(_ consumer: ConsumerShell) {
        members.withLock { members in
            members.consumers.removeAll { $0.isOver }
            members.consumers.append(consumer)
        }
    }
}

/// A reference that does not keep its object alive.
private struct WeakReference<Object: AnyObject & Sendable>: Sendable {
    weak let value: Object?

    init(_ value: Object) {
        self.value = value
    }
}
