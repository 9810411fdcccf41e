import LocalServers
import Postgres
import Testing

@Suite struct PostgresNotificationTests {
    private func next(_ iterator: inout Notifications.AsyncIterator) async throws -> ListenEvent {
        try #require(await iterator.next())
    }

    @Test func notificationsArriveAndALostConnectionIsTold() async throws {
        try await Database.withPool { pool in
            try await pool.withNotifications(on: ["orders", "Odd \"name\""]) { notifications in
                var events = notifications.makeAsyncIterator()
                #expect(try await next(&events) == .listening)
                try await pool.query("SELECT pg_notify('orders', \("7"))")
                guard case .notification(let first) = try await next(&events) else { return #expect(Bool(false)) }
                #expect(first.channel == "orders")
                #expect(first.payload == "7")
                try await pool.query("SELECT pg_notify('Odd \"name\"', '')")
                guard case .notification(let second) = try await next(&events) else { return #expect(Bool(false)) }
                #expect(second.channel == "Odd \"name\"")

                try await pool.query(
                    "SELECT pg_terminate_backend(pid) FROM \(sql: ownBackends) AND query LIKE 'LISTEN%'")
                #expect(try await next(&events) == .listening)
                try await pool.query("SELECT pg_notify('orders', 'again')")
                guard case .notification(let third) = try await next(&events) else { return #expect(Bool(false)) }
                #expect(third.payload == "again")
            }
            try await pool.waitUntil("SELECT count(*) = 0 FROM \(sql: ownBackends) AND query LIKE 'LISTEN%'")
        }
    }

    @Test func aCancelledReaderEnds() async throws {
        try await Database.withPool { pool in
            let ready = Meeting(count: 2)
            let reader = Task {
                try await pool.withNotifications(on: ["orders"]) { notifications in
                    var events: [ListenEvent] = []
                    for await event in notifications {
                        events.append(event)
                        await ready.arrive()
                    }
                    return events
                }
            }
            await ready.arrive()
            reader.cancel()
            let events = try await reader.value
            #expect(events == [.listening])
        }
    }
}
