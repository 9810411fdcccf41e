import Reactor
import Telemetry

/// What a listener sees.
public enum ListenEvent: Sendable, Hashable {
    /// From now on notifications are seen. Some may have been missed before this: look once for what they would have told.
    case listening
    case notification(PostgresNotification)
}

extension PostgresPool {
    /// Listens on channels while `body` runs, over a connection of its own that is made anew when it breaks.
    ///
    /// Notifications are hints: they are lost while the connection is away and when nobody reads them for long. Each time
    /// that may have happened the sequence says ``ListenEvent/listening``.
    public func withNotifications<Value>(
        on channels: [SQLIdentifier], _ body: (Notifications) async throws -> Value
    ) async throws -> Value {
        let queue = NotificationQueue()
        let listening = Task { await keepListening(on: channels, queue) }
        defer {
            listening.cancel()
            queue.wakeListener()
        }
        return try await body(Notifications(queue: queue))
    }

    private func keepListening(on channels: [SQLIdentifier], _ queue: NotificationQueue) async {
        let backoff = Backoff(min: configuration.pool.backoffMin, max: configuration.pool.backoffMax)
        var failureCount = 0
        while !Task.isCancelled {
            do throws(PostgresError) {
                let session = try await openListener(queue)
                defer { session.close() }
                // Whoever cancels does it before waking the queue, which may have forgotten that for the new connection.
                if Task.isCancelled { break }
                for channel in channels { _ = try await session.run("LISTEN \(channel)", .autocommit) }
                failureCount = 0
                queue.add(.listening)
                await queue.waitForLoss()
            } catch {
                failureCount += 1
                let pause = backoff.pause(afterAttempt: failureCount, jitter: Double.random(in: 0..<1))
                try? await Task.sleep(for: pause)
            }
        }
        queue.end()
    }

    private func openListener(_ queue: NotificationQueue) async throws(PostgresError) -> Session {
        let opened = await BlockingThread.run(name: "postgres-dial") { [self] in
            Result { () throws(PostgresError) in try openSession() }
        }
        let session = try opened.get()
        queue.begin()
        session.open { event in
            switch event {
            case .notifications(let notifications): for one in notifications { queue.add(.notification(one)) }
            case .lost: queue.lose()
            }
        }
        return session
    }
}

/// Notifications as they come.
public struct Notifications: AsyncSequence {
    let queue: NotificationQueue

    public struct AsyncIterator: AsyncIteratorProtocol {
        let queue: NotificationQueue

        /// - Returns: nil when the task has been cancelled.
        public func next() async -> ListenEvent? { await queue.next() }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(queue: queue) }
}
