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
            let examination = try await skald.run("doctor", environment: environment)
            #expect(examination.isSuccess, "\(examination.output)")
            #expect(
                examination.output.contains("AMQP_URL: logs in at \(broker.host):\(broker.port)")
                    && examination.output.contains("DATABASE_URL: logs in as \(cluster.user), Postgres")
                    && examination.output.contains(control) && examination.output.contains("psql"))
            try await expectRefused(skald, environment, broker, cluster)
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
            // A second start finds everything as it was left, and makes anew what is gone.
            try await cluster.psql("DROP DATABASE kitchen")
            let again = try await skald.run("up", "--detach", "--only", "servers", environment: environment)
            #expect(again.isSuccess, "\(again.output)")
            try await expectNotTakenOver(by: environment, from: skald)
        }
        #expect(broker.isRunning && cluster.isRunning)
        try await broker.shutDown()
        try await cluster.shutDown()
    }

    /// A system in another folder leaves the logins of the first alone, unless it is told to take them.
    private func expectNotTakenOver(by environment: [String: String], from first: SkaldProcess) async throws {
        try await SkaldProcess.inOwnFolder { second in
            let refused = try await second.run("up", "--only", "servers", environment: environment)
            #expect(refused.exit == "exit status 69", "\(refused.output)")
            #expect(
                refused.output.contains("17 logins are there with passwords that \(second.home) does not know"),
                "\(refused.output)")
            #expect(try await first.run("saga", "list").isSuccess, "nothing was changed")
            let taken = try await second.run(
                "up", "--detach", "--only", "servers", "--take-over", environment: environment)
            #expect(taken.isSuccess, "\(taken.output)")
            #expect(try await second.run("saga", "list").isSuccess)
        }
    }

    /// Whoever mistyped a password, a virtual host or a program is told which.
    private func expectRefused(
        _ skald: SkaldProcess, _ environment: [String: String], _ broker: RabbitServer, _ cluster: PostgresCluster
    ) async throws {
        let login = "amqp://\(broker.user):\(broker.password)@\(broker.host):\(broker.port)"
        let stranger = [
            "AMQP_URL": "amqp://\(broker.user):wrong@\(broker.host):\(broker.port)/",
            "DATABASE_URL": "postgres://nobody:wrong@\(cluster.host):\(cluster.port)/postgres",
            "RABBITMQCTL": "/nowhere/rabbitmqctl",
        ]
        let refused = try await skald.run("doctor", environment: stranger)
        #expect(refused.exit == "exit status 1", "\(refused.output)")
        #expect(refused.output.contains("mend: Correct user and password"), "\(refused.output)")
        #expect(refused.output.contains("mend: Correct role, password and database"), "\(refused.output)")
        #expect(refused.output.contains("/nowhere/rabbitmqctl: the program is not there"), "\(refused.output)")
        let lost = try await skald.run(
            "doctor", environment: environment.merging(["AMQP_URL": login + "/nowhere"]) { $1 })
        #expect(
            lost.exit == "exit status 1" && lost.output.contains("mend: Correct the virtual host"), "\(lost.output)")
    }

    @Test func serversThatAreNotThereAreSaidSo() async throws {
        try await SkaldProcess.inOwnFolder { skald in
            let environment = [
                "AMQP_URL": "amqp://guest:guest@127.0.0.1:1/",
                "DATABASE_URL": "postgres://postgres@127.0.0.1:1/postgres",
            ]
            let dead = try await skald.run("doctor", environment: environment)
            #expect(dead.exit == "exit status 1", "\(dead.output)")
            #expect(dead.output.contains("mend: Start the broker, or correct host and port"), "\(dead.output)")
            #expect(dead.output.contains("mend: Start the server, or correct host and port"), "\(dead.output)")
            // What private servers need is not asked for.
            #expect(!dead.output.contains(" RabbitMQ") && !dead.output.contains(" Postgres:"), "\(dead.output)")
            let unreadable = try await skald.run(
                "doctor", environment: ["AMQP_URL": "broker", "DATABASE_URL": "database"])
            #expect(
                unreadable.output.contains("mend: Give it as amqp://")
                    && unreadable.output.contains("mend: Give it as postgres://"), "\(unreadable.output)")
        }
    }
}
