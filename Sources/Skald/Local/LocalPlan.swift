import AMQP
import Messaging
import Orchestration

/// What `skald up` is asked to run.
struct LocalPlan: Sendable {
    let folder: LocalFolder
    let system: DeclaredSystem
    /// The folder of the definitions, told to the services.
    let sagas: String
    /// The services to run, in the order of their start.
    let services: [String]
    let programs: ServicePrograms
    /// A broker that is there already.
    let broker: BrokerAddress?
    /// A database server that is there already, with a superuser or a role that has `CREATEROLE` and `CREATEDB`.
    let database: DatabaseAddress?
    /// Whether users and roles of servers that are there may get new passwords.
    let takesOver: Bool

    init(
        _ arguments: Arguments, folder: LocalFolder = .current(), programs: ServicePrograms = .installed(),
        environment: (String) -> String? = variable
    ) throws {
        self.folder = folder
        self.programs = programs
        takesOver = arguments.has("take-over")
        sagas = arguments.value("sagas") ?? "sagas"
        system = try DeclaredSystem(folder: sagas)
        services = try Self.chosen(arguments.value("only"), from: system.services.map(\.name))
        do {
            broker = try environment("AMQP_URL").map { BrokerAddress(try ConnectionConfiguration(url: $0)) }
        } catch let error as AMQPError {
            throw Failure(.usage, "AMQP_URL cannot be used: \(error.message)")
        }
        database = try environment("DATABASE_URL").map { url throws(Failure) in try DatabaseAddress(url: url) }
        try programs.check(services)
    }

    /// The services that `--only` names; `servers` stands for none.
    static func chosen(_ only: String?, from known: [String]) throws(Failure) -> [String] {
        guard let only else { return known }
        let names = only.split(separator: ",").map { String($0.filter { $0 != " " }) }
        for name in names where name != "servers" && !known.contains(name) {
            throw Failure(
                .usage, "there is no service `\(name)`", remedy: "One of \(known.joined(separator: ", ")), or servers.")
        }
        return known.filter(names.contains)
    }

    /// Every name that logs in somewhere.
    var logins: [String] {
        system.topology().users.map(\.name)
            + system.roles.services.flatMap { [DatabaseRoles.runtimeRole(of: $0), DatabaseRoles.ownerRole(of: $0)] }
            + [DatabaseRoles.reader]
    }
}
