package import Messaging
package import SagaFile
import SagaModel

/// The system that a folder of sagas and participants declares: who sends what to whom.
///
/// Everything a broker and a cluster must hold follows from it, so there is no second list to keep in step.
package struct DeclaredSystem: Sendable {
    /// The participants in the order of their names, then the orchestrator.
    package let services: [ServiceDeclaration]

    /// How long an inbox remembers, unless a service is told otherwise: the horizon and a day.
    package static let inboxRetention = AdmissionRule.horizonDefault + .seconds(86_400)
    /// Until when a dead letter may be redriven: past it the participant itself refuses it as too old.
    package static let redriveHorizon = AdmissionRule.horizonDefault

    package init(_ library: SagaLibrary) {
        let participants = library.participants.map { participant in
            ServiceDeclaration(
                name: participant.name, takesCommands: !participant.commands.isEmpty,
                subscriptions: participant.subscriptions.compactMap { MessageType($0) },
                events: participant.events.compactMap { MessageType($0.type) })
        }
        let awaited = Set(library.sagas.flatMap { Self.events(of: $0.definition) }).sorted()
        services = participants + [.orchestrator(subscriptions: awaited.compactMap { MessageType($0) })]
    }

    package init(folder: String) throws(DefinitionError) {
        self.init(try SagaLibrary(folder: folder))
    }

    /// What a saga starts on and waits for.
    private static func events(of definition: Definition) -> [String] {
        [definition.start.event]
            + definition.steps.flatMap { step -> [String] in
                guard case .await(let awaited) = step.action else { return [] }
                return awaited.events
            }
    }

    package func topology(virtualHost: String = "/", version: BrokerVersion = .oldestSupported) -> Topology {
        Topology(services: services, virtualHost: virtualHost, version: version)
    }

    /// The roles of the databases; a script names passwords by psql's variables, such as `kitchen_password`.
    package var roles: DatabaseRoles {
        DatabaseRoles(services: services.map(\.name)) { .variable("\($0)_password") }
    }

    /// What in the declarations would lose a message, run one twice, or never be heard of.
    package var findings: [TopologyFinding] {
        TopologyLint.findings(
            in: services, inboxRetention: Self.inboxRetention, redriveHorizon: Self.redriveHorizon)
            + TopologyLint.findings(in: topology())
    }
}
