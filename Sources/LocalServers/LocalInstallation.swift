/// What private servers need of this machine.
package enum LocalInstallation {
    /// One part and whether it is there.
    package struct Part: Sendable {
        package enum State: Sendable {
            case found(version: String)
            case missing(LocalServerError)
        }

        package let name: String
        package let state: State
    }

    package static func broker() -> Part {
        part("RabbitMQ") {
            try RabbitInstallation.check()
            return ""
        }
    }

    package static func database() -> Part {
        part("Postgres") { try PostgresInstallation.find().version() }
    }

    private static func part(_ name: String, _ look: () throws -> String) -> Part {
        do {
            return Part(name: name, state: .found(version: try look()))
        } catch let error as LocalServerError {
            return Part(name: name, state: .missing(error))
        } catch {
            return Part(name: name, state: .missing(.system(name, subject: name)))
        }
    }
}
