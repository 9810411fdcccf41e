import AMQP
import Messaging
import Postgres

/// How a command reaches broker and databases: by `AMQP_URL` and `DATABASE_URL`, or what `skald up` runs in the folder.
struct Surroundings: Sendable {
    private let folder: LocalFolder
    private let environment: @Sendable (String) -> String?

    init(folder: LocalFolder = .current(), environment: @escaping @Sendable (String) -> String? = variable) {
        self.folder = folder
        self.environment = environment
    }

    /// The broker, with the login of the operators' tool.
    func broker() throws -> ConnectionConfiguration {
        guard let url = environment("AMQP_URL") else { return try ownBroker() }
        do {
            let configuration = try ConnectionConfiguration(url: url, name: "skald")
            // What `skald up` was given is an administrator's login, from whom no service takes a command.
            let isOwn =
                (try? SystemState.running(folder))?.broker.map(BrokerAddress.init) == BrokerAddress(configuration)
            return isOwn ? try ownBroker() : configuration
        } catch let error as AMQPError {
            throw Failure(.usage, "AMQP_URL cannot be used: \(error.message)")
        }
    }

    /// The broker that the system of the folder runs on.
    private func ownBroker() throws -> ConnectionConfiguration {
        guard let broker = try SystemState.running(folder).broker else {
            throw Failure(
                .unavailable, "the broker is not there yet", remedy: "skald status shows how far the start is.")
        }
        let secrets = try Secrets.read(folder.passwordsPath)
        return try BrokerAddress(broker).configuration(
            user: TopologyNames.tool, password: secrets.password(of: TopologyNames.tool))
    }

    /// The database of a service, with the role that reads everywhere and writes nowhere.
    func database(of service: String) throws -> PostgresConfiguration {
        let database = DatabaseRoles.database(of: service)
        if let url = environment("DATABASE_URL") {
            let address = try DatabaseAddress(url: url)
            // What `skald up` was given is an administrator's login, with which nothing should be looked at.
            let own = (try? SystemState.running(folder))?.database.map(DatabaseAddress.init)
            guard own?.host == address.host, own?.port == address.port else {
                return address.database(database, user: address.user, password: address.password).configuration
            }
        }
        guard let server = try SystemState.running(folder).database else {
            throw Failure(
                .unavailable, "the database is not there yet", remedy: "skald status shows how far the start is.")
        }
        let password = try Secrets.read(folder.passwordsPath).password(of: DatabaseRoles.reader)
        return DatabaseAddress(server)
            .database(database, user: DatabaseRoles.reader, password: password)
            .configuration
    }

    /// The broker's own tool: what `RABBITMQCTL` names, or the script of a private broker; nil where there is neither.
    var control: BrokerControl? {
        if environment("RABBITMQCTL") != nil { return .process(environment: environment) }
        guard environment("AMQP_URL") == nil, (try? SystemState.running(folder))?.broker?.isPrivate == true else {
            return nil
        }
        return .program([folder.controlPath])
    }
}

/// What stands in queues, as everybody may ask.
enum QueueCounts {
    /// - Returns: by queue; those that are not there are left out.
    static func read(_ queues: [String], _ broker: ConnectionConfiguration) async throws -> [String: QueueStatus] {
        let connection = try await Connection.connect(broker)
        var counts: [String: QueueStatus] = [:]
        for queue in queues { counts[queue] = try await status(of: queue, on: connection) }
        await connection.close(gracePeriod: .seconds(2))
        return counts
    }

    /// - Returns: nil where there is no such queue.
    private static func status(of queue: String, on connection: Connection) async throws -> QueueStatus? {
        do {
            return try await connection.status(ofQueue: queue)
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
    }
}
