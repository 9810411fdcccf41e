/// What is known of a card: never its number.
struct Card: Sendable, Hashable {
    /// The most that may be held on it at once, in minor units.
    var limit: Int64
    /// Until when it is good, in milliseconds since 1970.
    var expires: Int64
    var isEnabled: Bool
    /// What is held on it now.
    var held: Int64

    enum Decline: String, Error, Sendable, Hashable, CaseIterable {
        case noCard = "no-card"
        case disabled = "card-disabled"
        case expired = "card-expired"
        case overLimit = "over-limit"
        case amountInvalid = "amount-invalid"
    }

    /// Why a further amount cannot be held; nil if it can. Less than nothing gives back, which an expired card allows too.
    func declines(_ amount: Int64, now: Int64) -> Decline? {
        if amount <= 0 { return nil }
        if !isEnabled { return .disabled }
        if expires <= now { return .expired }
        let (sum, overflow) = held.addingReportingOverflow(amount)
        return overflow || sum > limit ? .overLimit : nil
    }
}

/// A name for a card that tells nobody its number.
enum CardToken {
    /// Whether a text can be a token: `tok_` and letters, digits, `_` or `-`; at least 8 of them, and no run of digits that
    /// could be the number of a card (13 to 19 by ISO/IEC 7812).
    static func isToken(_ text: String) -> Bool {
        guard text.hasPrefix("tok_"), (12...128).contains(text.utf8.count) else { return false }
        var digits = 0
        for byte in text.utf8 {
            let isDigit = (0x30...0x39).contains(byte)
            let isLetter = (0x61...0x7A).contains(byte | 0x20)
            guard isDigit || isLetter || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") else { return false }
            digits = isDigit ? digits + 1 : 0
            if digits >= 13 { return false }
        }
        return true
    }
}
