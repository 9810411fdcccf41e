public import AMQP
import Messaging
public import Postgres

extension ParticipantConfiguration {
    /// Reads what a service's process is told by its environment.
    ///
    /// | variable | holds |
    /// |---|---|
    /// | `AMQP_URL` | the broker, with the service's own user |
    /// | `DATABASE_URL` | the service's database, with the role it works as |
    /// | `SKALD_INSTANCE` | the name of this process, kept over restarts; `<service>/1` if absent |
    /// | `SKALD_COMMAND_SENDERS` | the broker users whose commands are taken, separated by commas; the orchestrator and the operators' tool if absent |
    ///
    /// - Parameter environment: the value of a variable, such as ``ServiceProgram/variable(_:)``.
    /// - Throws: ``ParticipantConfigurationError`` naming the variable.
    public init(service: String, environment: (String) -> String?) throws(ParticipantConfigurationError) {
        let instance = environment("SKALD_INSTANCE").flatMap { $0.isEmpty ? nil : $0 } ?? "\(service)/1"
        self.init(
            service: service, instance: instance, broker: try Self.broker(environment, name: instance),
            database: try Self.database(environment, applicationName: instance))
        commandSenders.insert(TopologyNames.tool)
        if let senders = environment("SKALD_COMMAND_SENDERS"), !senders.isEmpty {
            commandSenders = Set(senders.split(separator: ",").map { String($0) })
        }
    }

    /// The database of `DATABASE_URL`.
    public static func database(
        _ environment: (String) -> String?, applicationName: String
    ) throws(ParticipantConfigurationError) -> PostgresConfiguration {
        let url = try required("DATABASE_URL", environment, example: "postgres://kitchen:secret@localhost/kitchen")
        do throws(PostgresError) {
            return try PostgresConfiguration(url: url, applicationName: applicationName)
        } catch {
            throw ParticipantConfigurationError(setting: "DATABASE_URL", problem: "cannot be used: \(error)")
        }
    }

    /// The broker of `AMQP_URL`.
    public static func broker(
        _ environment: (String) -> String?, name: String
    ) throws(ParticipantConfigurationError) -> ConnectionConfiguration {
        let url = try required("AMQP_URL", environment, example: "amqp://kitchen:secret@localhost:5672/")
        do throws(AMQPError) {
            return try ConnectionConfiguration(url: url, name: name)
        } catch {
            throw ParticipantConfigurationError(setting: "AMQP_URL", problem: "cannot be used: \(error)")
        }
    }

    private static func required(
        _ name: String, _ environment: (String) -> String?, example: String
    ) throws(ParticipantConfigurationError) -> String {
        if let value = environment(name), !value.isEmpty { return value }
        throw ParticipantConfigurationError(setting: name, problem: "is not set; it reads like \(example)")
    }
}
