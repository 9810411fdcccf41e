import Glibc
import Testing

@testable import LocalServers

@Suite struct FaultProxyTests {
    @Test func passesBytesBothWaysAndCountsThem() async throws {
        let server = try EchoServer()
        let proxy = try FaultProxy(to: server.port)
        let client = try TestClient(port: proxy.port)
        #expect(try await client.echo("hello") == "hello")
        try await proxy.wait { $0.bytesToServer == 5 && $0.bytesToClient == 5 && $0.open == 1 && $0.accepted == 1 }
        client.close()
        try await proxy.wait { $0.open == 0 }
        await proxy.close()
    }

    @Test func smallWritesLoseNothing() async throws {
        let server = try EchoServer()
        let proxy = try FaultProxy(to: server.port)
        await proxy.set(.sliced(into: 7))
        let client = try TestClient(port: proxy.port)
        let text = String((0..<100_000).map { Character(Unicode.Scalar(UInt8(97 + $0 % 26))) })
        #expect(try await client.echo(text) == text)
        await proxy.close()
    }

    @Test func heldBytesArriveWhenLetGo() async throws {
        let server = try EchoServer()
        let proxy = try FaultProxy(to: server.port)
        let client = try TestClient(port: proxy.port)
        #expect(try await client.echo("a") == "a")
        await proxy.set(.hold, on: .toClient)
        client.send("later")
        try await proxy.wait { $0.bytesToServer == 6 }
        #expect(proxy.counts.bytesToClient == 1)
        await proxy.set(.pass)
        #expect(try await client.receive(5) == "later")
        await proxy.close()
    }

    @Test func aSwallowedPeerNeverLearnsOfTheEnd() async throws {
        let server = try EchoServer()
        let proxy = try FaultProxy(to: server.port)
        let client = try TestClient(port: proxy.port)
        #expect(try await client.echo("a") == "a")
        await proxy.set(.swallow)
        client.send("lost")
        client.close()
        let second = try TestClient(port: proxy.port)
        await proxy.set(.pass, on: .toClient)
        try await proxy.wait { $0.accepted == 2 }
        #expect(proxy.counts.open == 2)
        #expect(proxy.counts.bytesToServer == 1)
        second.close()
        await proxy.close()
    }

    @Test(arguments: [Fault.Cut.Manner.close, .reset])
    func cutsOneConnectionBehindThePattern(manner: Fault.Cut.Manner) async throws {
        let server = try EchoServer()
        let proxy = try FaultProxy(to: server.port)
        await proxy.set(.cut(.afterPattern(Array("stop".utf8)), manner), on: .toServer)
        let client = try TestClient(port: proxy.port)
        client.send("one stop two")
        #expect(try await client.receiveEnd() == (manner == .close ? 0 : ECONNRESET))
        try await proxy.wait { $0.cut == 1 }
        #expect(proxy.counts.bytesToServer == 8)
        // The one that comes back is left alone.
        #expect(try await TestClient(port: proxy.port).echo("one stop two") == "one stop two")
        await proxy.close()
    }

    @Test func refusesAndTakesConnectionsAgain() async throws {
        let server = try EchoServer()
        let proxy = try FaultProxy(to: server.port)
        await proxy.setRefusing(true)
        #expect(throws: LocalServerError.self) { try TestClient(port: proxy.port) }
        await proxy.setRefusing(false)
        #expect(try await TestClient(port: proxy.port).echo("back") == "back")
        await proxy.close()
    }

    @Test func cutsEverythingAtOnce() async throws {
        let server = try EchoServer()
        let proxy = try FaultProxy(to: server.port)
        let client = try TestClient(port: proxy.port)
        #expect(try await client.echo("a") == "a")
        await proxy.cutAll(.reset)
        #expect(try await client.receiveEnd() == ECONNRESET)
        #expect(proxy.counts.open == 0 && proxy.counts.cut == 1)
        await proxy.close()
    }

    @Test func aServerThatIsNotThereResetsTheClient() async throws {
        let proxy = try FaultProxy(to: try PortReservation.any().port)
        let client = try TestClient(port: proxy.port)
        #expect(try await client.receiveEnd() == ECONNRESET)
        await proxy.close()
    }

    @Test func aTransactionWhoseCommitLeftIsCommittedThoughTheClientNeverHears() async throws {
        let cluster = try await SharedServers.postgres()
        try await cluster.withDatabase { database in
            try await cluster.psql("CREATE TABLE orders (id int)", in: database)
            let proxy = try FaultProxy(to: cluster.port)
            await proxy.set(.cut(.afterPattern(Array("COMMIT;\0".utf8))), on: .toServer)
            let cut = cluster.connectionString(database: database, through: proxy.port)
            let error = await #expect(throws: LocalServerError.self) {
                try await cluster.psql("BEGIN; INSERT INTO orders VALUES (7);\nCOMMIT;", over: cut)
            }
            #expect(error?.problem.contains("server closed the connection") == true)
            // It counts what it has done a moment later than a client may feel it.
            try await proxy.wait { $0.cut == 1 }
            // The commit may still be under way for a moment; a lock on the table waits for it.
            let rows = try await cluster.psql("BEGIN; LOCK TABLE orders; SELECT id FROM orders; COMMIT", in: database)
            #expect(rows == "7\n")
            await proxy.close()
        }
    }
}
