/// Something in a topology that will lose a message, run one twice, or never be heard of.
public struct TopologyFinding: Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        case badServiceName = "bad-service-name"
        case duplicateService = "duplicate-service"
        case foreignEvent = "foreign-event"
        case unknownEvent = "unknown-event"
        case retentionTooShort = "retention-too-short"
        case unboundQueue = "unbound-queue"
        case danglingBinding = "dangling-binding"
        case missingDeadQueue = "missing-dead-queue"
        case missingDeadLetterTarget = "missing-dead-letter-target"
        case ambiguousPolicy = "ambiguous-policy"
        case unsafeDeadLettering = "unsafe-dead-lettering"
        case notQuorum = "not-quorum"
    }

    public let code: Code
    /// The service, queue or policy at fault.
    public let name: String
    public let message: String

    public var description: String { "\(code.rawValue): \(name) \(message)" }
}

/// Looks a set of declarations over before they become a topology.
public enum TopologyLint {
    /// - Parameters:
    ///   - inboxRetention: how long inboxes remember what they handled.
    ///   - redriveHorizon: until when after its death a message may still be redriven.
    public static func findings(
        in services: [ServiceDeclaration], inboxRetention: Duration, redriveHorizon: Duration
    ) -> [TopologyFinding] {
        var findings: [TopologyFinding] = []
        var seen: Set<String> = []
        let emitted = Set(services.flatMap(\.events))
        for service in services {
            if !TopologyNames.isServiceName(service.name) {
                findings.append(
                    TopologyFinding(.badServiceName, service.name, "is no service name: a-z 0-9 -, a letter first"))
            }
            if !seen.insert(service.name).inserted {
                findings.append(TopologyFinding(.duplicateService, service.name, "is declared twice"))
            }
            for event in service.events where event.owner != service.name {
                findings.append(
                    TopologyFinding(.foreignEvent, service.name, "publishes \(event), which \(event.owner) owns"))
            }
            for event in service.subscriptions where !emitted.contains(event) {
                findings.append(
                    TopologyFinding(.unknownEvent, service.name, "waits for \(event), which nobody publishes"))
            }
            findings += retention(of: service, inboxRetention, redriveHorizon)
        }
        return findings
    }

    /// An id forgotten before its last possible delivery could run twice.
    private static func retention(
        of service: ServiceDeclaration, _ retention: Duration, _ horizon: Duration
    ) -> [TopologyFinding] {
        service.queues.compactMap { queue in
            let needed = service.ladder(of: queue).wholeDelay + horizon
            guard retention < needed else { return nil }
            let (days, neededDays) = (retention / .seconds(86_400), needed / .seconds(86_400))
            return TopologyFinding(
                .retentionTooShort, queue,
                "may be redelivered for \(neededDays) days, but the inbox remembers only \(days)")
        }
    }
}

extension TopologyFinding {
    init(_ code: Code, _ name: String, _ message: String) {
        self.code = code
        self.name = name
        self.message = message
    }
}
