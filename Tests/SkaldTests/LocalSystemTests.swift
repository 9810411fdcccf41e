import Messaging
import SagaFile
import SagaModel
import Testing

@testable import Skald

@Suite struct LocalSystemTests {
    @Test func aServiceThatKeepsEndingWaitsLongerAndLonger() {
        var restarts = RestartMachine()
        let pauses = (0..<10).map { _ in restarts.ended(after: .zero) }
        #expect(pauses.prefix(3) == [.milliseconds(250), .milliseconds(500), .seconds(1)])
        #expect(pauses.last == RestartMachine.longestPause)
        #expect(restarts.ended(after: RestartMachine.goodRun) == RestartMachine.firstPause)
        #expect(restarts.restartCount == 11)
    }

    @Test func portsOutlastStartsThatFailEarly() async throws {
        let parent = try TemporaryFolder()
        let folder = LocalFolder(path: parent.path)
        try folder.make()
        let first = StateBoard(folder, now: 0, last: nil) { _ in }
        #expect(first.current.ports == SystemState.Ports())
        first.change { state in
            state.broker = .init(hosts: ["127.0.0.1:20001"], virtualHost: "/", isSecure: false, isPrivate: true)
            state.database = .init(host: "127.0.0.1", port: 20002, isPrivate: true)
        }
        for _ in 0..<2 {
            let failed = StateBoard(folder, now: 0, last: try SystemState.read(folder)) { _ in }
            failed.enter(.starting, "")
            failed.enter(.failed, "no space left")
        }
        // Others are none of ours, and ours are taken again after them.
        let other = StateBoard(folder, now: 0, last: try SystemState.read(folder)) { _ in }
        other.change { state in
            state.broker = .init(hosts: ["rabbit.example:5672"], virtualHost: "/", isSecure: false, isPrivate: false)
        }
        #expect(try SystemState.read(folder)?.ports == SystemState.Ports(broker: 20001, database: 20002))
        _ = try await folder.erase()
    }

    @Test func servicesAreNamedAsTheirPrograms() {
        #expect(ServicePrograms.name(of: "order") == "OrderService")
        #expect(ServicePrograms.name(of: "pay-out") == "PayOutService")
        let failure = #expect(throws: Failure.self) { try ServicePrograms(folder: "/nowhere").check(["order"]) }
        #expect(failure?.message == "OrderService is not in /nowhere")
    }

    @Test func someServicesAreChosenByName() throws {
        let known = ["consumer", "kitchen", "order"]
        #expect(try LocalPlan.chosen(nil, from: known) == known)
        #expect(try LocalPlan.chosen("order, consumer", from: known) == ["consumer", "order"])
        #expect(try LocalPlan.chosen("servers", from: known) == [])
        #expect(throws: Failure.self) { try LocalPlan.chosen("ordr", from: known) }
    }

    @Test func aPasswordIsKnownByItsHash() {
        for salt: UInt32 in [0, 0x1234_5678, .max] {
            let hash = BrokerPassword.hash(of: "secret", salt: salt)
            #expect(BrokerPassword.isHash(hash, of: "secret") && !BrokerPassword.isHash(hash, of: "other"))
        }
        #expect(!BrokerPassword.isHash("", of: "secret") && !BrokerPassword.isHash("no hash", of: "secret"))
    }

    @Test func onlyUsersWithOtherPasswordsAreSomebodyElses() {
        let users = ["own", "new", "locked", "other"]
        let change = TopologyChange(
            wanted: Topology(users: users.map { Topology.User($0) }),
            found: Topology(users: [
                Topology.User("own", passwordHash: BrokerPassword.hash(of: "p", salt: 1)),
                Topology.User("locked", passwordHash: ""),
                Topology.User("other", passwordHash: BrokerPassword.hash(of: "q", salt: 2)),
                Topology.User("guest", passwordHash: BrokerPassword.hash(of: "q", salt: 3)),
            ]))
        let passwords = Dictionary(uniqueKeysWithValues: users.map { ($0, "p") })
        #expect(change.usersWithOtherPassword(passwords) == ["other"])
    }

    @Test func aBrokerThatIsTooOldIsRefused() throws {
        #expect(try BrokerVersion(supported: "3.10.8") == .oldestSupported)
        for text in ["3.9.29", "unknown"] {
            let failure = #expect(throws: Failure.self) { try BrokerVersion(supported: text) }
            #expect(failure?.message == "the broker is RabbitMQ \(text)")
            #expect(failure?.remedy == "Take RabbitMQ 3.10 or later.")
        }
    }

    // MARK: Addresses

    @Test(arguments: [
        "postgres://ann:se%20cret@db.example:5433/orders", "postgres://ann@127.0.0.1:5432/ann",
        "postgres://ann:x@/orders?host=%2Fvar%2Frun&port=5433", "postgres://ann@[::1]:5432/ann?sslmode=require",
        "postgres://ann:x@db:5432/orders?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem",
    ])
    func aDatabaseAddressIsReadAndWritten(_ url: String) throws {
        let address = try DatabaseAddress(url: url)
        #expect(try DatabaseAddress(url: address.url) == address)
        #expect(address.url == url)
    }

    @Test func aDatabaseAddressFillsInWhatIsLeftOut() throws {
        let address = try DatabaseAddress(url: "postgresql://ann@host")
        #expect(address == DatabaseAddress(host: "host", port: 5432, user: "ann", database: "ann"))
        for url in ["mysql://a@b/c", "postgres://a@b:x/c", "postgres://a%ZZ@b/c", "postgres://a@b/c?sslmode=odd"] {
            #expect(throws: Failure.self) { try DatabaseAddress(url: url) }
        }
    }

    @Test func encryptionGoesWhereTheAddressGoes() throws {
        let address = try DatabaseAddress(
            url: "postgres://ann:a@b@db.example/orders?sslrootcert=/ca.pem&sslmode=require")
        #expect(address.password == "a@b")
        #expect(address.environment["PGSSLMODE"] == "verify-full")
        #expect(address.environment["PGSSLROOTCERT"] == "/ca.pem")
        let other = DatabaseAddress(address.state(isPrivate: false)).database("kitchen", user: "kitchen", password: nil)
        #expect(other.url == "postgres://kitchen@db.example:5432/kitchen?sslmode=verify-full&sslrootcert=%2Fca.pem")
    }

    @Test func aBrokerAddressEscapesWhatAURLCannotHold() throws {
        let address = BrokerAddress(hosts: ["127.0.0.1:5673"], virtualHost: "/", isSecure: false)
        #expect(address.url(user: "order", password: "a/b@c") == "amqp://order:a%2Fb%40c@127.0.0.1:5673/%2F")
        #expect(BrokerAddress(try address.configuration(user: "order", password: "x")) == address)
    }

    // MARK: Logs

    @Test func aLineOfALogIsReadBack() throws {
        let line =
            #"{"time":"2026-01-05T10:20:30.123Z","level":"warning","msg":"slow","service":"order","saga_id":"s","count":3}"#
        let captured = CapturedConsole()
        let tail = LogTail.Line(service: "order", time: "", text: line)
        let noise = LogTail.Line(service: "order", time: "", text: "Fatal error: so it goes")
        try LogPrinter(captured.console(), isRaw: false).print([tail, noise])
        #expect(
            captured.output
                == "order        10:20:30.123 WARNING slow  saga_id=s  count=3\norder        Fatal error: so it goes\n")
    }

    @Test func progressIsOneLineAtATerminalAndFewElsewhere() {
        let captured = CapturedConsole()
        var line = ProgressLine(captured.console())
        for _ in 0..<10 { line.show("sent 1") }
        line.clear()
        #expect(captured.messages.isEmpty, "nothing for work that ends soon")
    }
}
