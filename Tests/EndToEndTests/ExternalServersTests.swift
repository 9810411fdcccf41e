import Glibc
import LocalServers
import Messaging
import Postgres
import Testing

@testable import Skald

/// A broker and a database that somebody else runs.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ExternalServersTests {
    @Test func theyAreUsedAndGoOnAfterwards() async throws {
        let broker = try await RabbitServer.started()
        let cluster = try await PostgresCluster.started()
        try await SkaldProcess.inOwnFolder { skald in
            let control = skald.home + ".rabbitmqctl"
            try OutputFile.write(broker.controlScript, to: control, isExecutable: true)
            defer { unlink(control) }
            let environment = [
                "AMQP_URL": "amqp://\(broker.user):\(broker.password)@\(broker.host):\(broker.port)/",
                "DATABASE_URL":
                    "postgres://\(cluster.user):\(cluster.password)@\(cluster.host):\(cluster.port)/postgres",
                "RABBITMQCTL": control,
            ]
            let start = try await skald.run("up", "--detach", environment: environment)
            #expect(start.isSuccess, "\(start.output)")
            let state = try #require(try SystemState.read(LocalFolder(path: skald.home)))
            #expect(state.broker?.isPrivate == false && state.broker?.hosts == ["\(broker.host):\(broker.port)"])
            #expect(state.database?.isPrivate == false && state.database?.port == Int(cluster.port))
            let supervisor = try #require(state.supervisor)
            let services = ProcessIdentity.children(of: supervisor.pid)
            #expect(services.count >= 5, "five services, and no server")

            // From here on the folder knows where they are.
            let placed = try await skald.run("inject", "order.PlaceOrder", "--wait")
            #expect(placed.isSuccess && placed.output.contains("approved 1"), "\(placed.output)")
            // Whoever exported the URLs for all commands logs in as the tool all the same.
            let other = try await skald.run("inject", "order.PlaceOrder", "--wait", environment: environment)
            #expect(other.isSuccess && other.output.contains("approved 1"), "\(other.output)")
            let surroundings = Surroundings(folder: LocalFolder(path: skald.home)) { environment[$0] }
            #expect(try surroundings.database(of: "order").user == DatabaseRoles.reader)
            let audit = try await skald.run("audit", "--quick")
            #expect(audit.isSuccess, "\(audit.output)")

            let end = try await skald.run("down")
            #expect(end.isSuccess, "\(end.output)")
            #expect((services + [supervisor]).allSatisfy { !$0.isAlive })
            #expect(broker.isRunning && cluster.isRunning)
            #expect(try await cluster.psql("SELECT state FROM orders", in: "order").contains("APPROVED"))
            #expect(try await broker.ctl(["--quiet", "list_queues", "name"]).contains("order.commands"))
            // Nobody handles what an order needs, and that is said when patience ends.
            let unheard = try await skald.run(
                "inject", "order.PlaceOrder", "--wait", "--patience", "1", environment: environment)
            #expect(
                unheard.exit == "exit status 1" && unheard.output.contains("is not handled by"), "\(unheard.output)")
            // A second start finds everything as it was left.
            let again = try await skald.run("up", "--detach", "--only", "servers", environment: environment)
            #expect(again.isSuccess, "\(again.output)")
        }
        #expect(broker.isRunning && cluster.isRunning)
        try await broker.shutDown()
        try await cluster.shutDown()
    }
}
