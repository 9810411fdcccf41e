import Glibc
internal import LocalServers

/// What the services of a system are: programs built beside this one.
enum SagaPrograms {
    /// Those the project delivers.
    case delivered
    /// The C they are measured against, which is within this program.
    case prototype

    /// The command that is a service, without the words that say what it shall do.
    func words(of service: String) -> [String] {
        switch self {
        case .delivered: [OwnProgram.neighbour("\(service.prefix(1).uppercased())\(service.dropFirst())Service")]
        case .prototype: [OwnProgram.neighbour("skald-bench"), PrototypeService.word, service]
        }
    }

    /// - Throws: when one is not built, with what builds it.
    func check(_ services: [String]) throws {
        guard let missing = services.map({ words(of: $0)[0] }).first(where: { access($0, X_OK) != 0 }) else { return }
        throw BaselineFailure(
            description: "\(missing) is missing; the services run as processes of their own: `make bench` builds them")
    }
}
