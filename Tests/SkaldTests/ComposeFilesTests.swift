import Glibc
import Messaging
import Orchestration
import SagaFile
import Testing

@testable import Skald

/// The files that broker and cluster are set up from are generated; whoever changes a declaration writes them anew.
@Suite struct ComposeFilesTests {
    private static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

    private func system() throws -> DeclaredSystem { try DeclaredSystem(folder: Self.root + "/sagas") }

    private func text(of path: String) throws -> String {
        String(decoding: try SourceFile.read(Self.root + "/" + path, byteCountMax: 1 << 20).bytes, as: UTF8.self)
    }

    @Test func theBrokersFileIsWhatIsDeclared() throws {
        let definitions = String(decoding: try system().topology().definitions(), as: UTF8.self) + "\n"
        #expect(
            try text(of: "compose/rabbitmq/definitions.json") == definitions,
            "skald topology show --definitions > compose/rabbitmq/definitions.json")
    }

    @Test func theRolesScriptIsWhatIsDeclared() throws {
        #expect(
            try text(of: "compose/postgres/roles.sql") == system().roles.script,
            "skald topology show --roles > compose/postgres/roles.sql")
    }

    @Test func theDeclarationsLoseNothing() throws {
        #expect(try system().findings.isEmpty)
    }

    @Test func theOrchestratorHearsWhatSagasStartOn() throws {
        let orchestrator = try #require(try system().services.last)
        #expect(orchestrator.name == "orchestrator" && orchestrator.sendsCommands && orchestrator.takesReplies)
        #expect(orchestrator.subscriptions.contains("order.created"))
    }

    @Test func aParticipantsSubscriptionsBecomeBindings() throws {
        let quiet = SourceFile(
            path: "a.participant.yaml", text: "participant: alpha\nqueue: alpha.commands\nevents: { alpha.done: {} }\n")
        let listening = SourceFile(
            path: "b.participant.yaml",
            text: "participant: beta\nqueue: beta.commands\nsubscribes: [alpha.done, alpha.gone]\n")
        let system = DeclaredSystem(try SagaLibrary(participants: [quiet, listening], sagas: []))
        #expect(
            system.topology().bindings.contains(
                Topology.Binding(exchange: "skald.events", queue: "beta.events", routingKey: "alpha.done")))
        #expect(system.findings.contains { $0.code == .unknownEvent && "\($0)".contains("alpha.gone") })
    }

    /// The example of RabbitMQ's page "Credentials and Passwords".
    @Test func passwordsAreHashedAsTheBrokerDoes() {
        #expect(
            BrokerPassword.hash(of: "test12", salt: 0x908D_C60A)
                == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR")
        #expect(BrokerPassword.base64(Array("a".utf8)) == "YQ==" && BrokerPassword.base64(Array("ab".utf8)) == "YWI=")
    }
}
