/// So many things in so much time.
struct Rate: CustomStringConvertible {
    let perSecond: Int

    init(count: Int, during duration: Duration) {
        let seconds = duration.seconds
        perSecond = seconds > 0 ? Int(min(1e12, Double(count) / seconds)) : 0
    }

    var description: String { "\(perSecond.grouped) a second" }
}

extension Duration {
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }

    /// The duration in the unit that fits.
    var words: String {
        switch seconds {
        case ..<0.001: "\(Int(seconds * 1e6)) µs"
        case ..<1: "\(Int(seconds * 1e3)) ms"
        case ..<100: "\(Int(seconds)).\(Int(seconds * 10) % 10) s"
        default: "\(Int(seconds / 60)) min \(Int(seconds) % 60) s"
        }
    }
}

extension Int {
    /// The number with commas between its thousands.
    var grouped: String {
        let digits = String(magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (self < 0 ? "-" : "") + text
    }
}
