/// Which message killed its process, among all that the process held.
///
/// The broker counts a delivery for everything a dead process held, begun or not. Its count therefore only raises a suspicion.
/// A suspect runs alone in its process, and a mark in the database says so before it begins; only a process that dies over
/// such a mark is counted against a message. Whatever is not under suspicion costs no mark.
package enum CrashRule {
    /// From how many deliveries without an answer on a message is a suspect. One is what every restart leaves behind.
    package static let suspectDeliveryCount = 2
    /// How many processes may die over a message that ran alone in each.
    package static let deathCountMax = 3
    /// The most processes one message kills, all in all: first among others, or alone without a mark, then under its mark.
    package static let processDeathCountMax = suspectDeliveryCount + deathCountMax

    /// Whether a message may be the one its process died of.
    ///
    /// - Parameter deliveryCount: how often it was delivered before without an answer; nil where the broker does not count.
    package static func isSuspect(isRedelivered: Bool, deliveryCount: Int?) -> Bool {
        (deliveryCount ?? (isRedelivered ? suspectDeliveryCount : 0)) >= suspectDeliveryCount
    }

    /// Whether a suspect is handled no more.
    package static func isKiller(deathCount: Int) -> Bool { deathCount >= deathCountMax }
}
