import AMQP
import BankSample
import Glibc
import Messaging
import Participant
import Postgres

/// The bank as a process of its own, for tests that kill it. Everything it is told stands in the environment.
func setting(_ name: String) -> String {
    guard let value = getenv(name) else {
        fatalError("\(name) is not set")
    }
    return String(cString: value)
}

/// Ends with whoever started it: that one holds the other end of standard input.
func endWithParent() {
    var thread = pthread_t()
    pthread_create(
        &thread, nil,
        { _ in
            var byte: UInt8 = 0
            while read(0, &byte, 1) > 0 {}
            _exit(0)
        }, nil)
    pthread_detach(thread)
}

endWithParent()
var database = PostgresConfiguration(
    host: setting("BANK_DATABASE_HOST"), port: Int(setting("BANK_DATABASE_PORT")) ?? 5432,
    database: setting("BANK_DATABASE"), user: setting("BANK_DATABASE_USER"),
    password: .value(setting("BANK_DATABASE_PASSWORD")), tls: .disabled, applicationName: setting("BANK_INSTANCE"))
database.timeouts.acquire = .seconds(30)
var configuration = ParticipantConfiguration(
    service: "bank", instance: setting("BANK_INSTANCE"),
    broker: try ConnectionConfiguration(url: setting("BANK_BROKER")),
    database: database)
configuration.ladder = try RetryLadder(
    delays: setting("BANK_LADDER").split(separator: ",").compactMap { Int($0) }.map { .milliseconds($0) })
configuration.deadlines.lease = .seconds(5)
let participant = try Participant(configuration, handlers: Bank.handlers)
try await Termination.untilAsked { try await participant.run() }
