/// The work of one section, the same for every side: durable quorum queue, persistent and mandatory messages with a
/// message id of 36 characters.
struct Load: Sendable {
    var messageCount: Int
    /// In bytes.
    var bodySize = 512
    /// Publishing: the most messages without their confirm. Consuming: the prefetch.
    var window: Int
    /// Consuming: one acknowledgement, with "multiple", for so many deliveries.
    var ackEvery = 32

    /// The queue each section has to itself.
    static let queue = "skald-bench"

    /// A message id as the C sides make it, in the shape of a UUID.
    static func messageID(_ number: Int) -> String {
        let digits = String(number)
        return "01930f5a-0000-7000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
    }
}
