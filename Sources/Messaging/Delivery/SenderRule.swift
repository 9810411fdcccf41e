/// Who may send what arrives in a queue.
///
/// The broker vouches for the user of a copy. A message that failed comes back published by the service itself, a message
/// redriven from a dead queue by the operators' tool; only these two are believed when they say who sent it first.
public struct SenderRule: Sendable, Hashable {
    /// Where messages of a queue come from.
    public enum Allowed: Sendable, Hashable {
        /// These users.
        case users(Set<String>)
        /// Whoever owns the type, as with events: `order.created` comes from `order`.
        case ownerOfType
        /// These users, or whoever owns the type.
        case usersOrOwner(Set<String>)
    }

    public var allowed: Allowed
    /// The users who publish again what others sent: the service itself and the operators' tool.
    public var relays: Set<String>

    public init(allowed: Allowed, relays: Set<String>) {
        self.allowed = allowed
        self.relays = relays
    }

    /// Who sent it first, as far as it can be believed.
    public func sender(of envelope: Envelope) -> String? {
        guard let user = envelope.userID else { return nil }
        if relays.contains(user), let sender = envelope.sender { return sender }
        return user
    }

    public func allows(_ envelope: Envelope) -> Bool {
        guard let sender = sender(of: envelope) else { return false }
        return switch allowed {
        case .users(let users): users.contains(sender)
        case .ownerOfType: sender == envelope.type.owner
        case .usersOrOwner(let users): users.contains(sender) || sender == envelope.type.owner
        }
    }
}
