/// Sides that do the same work in turns, so that a change of the machine's mood hits all of them.
struct Comparison: Sendable {
    /// One way to do the work.
    struct Side: Sendable {
        let name: String
        /// Does the work once and says what it cost.
        let measure: @Sendable () async throws -> Measurement
    }

    let title: String
    let sides: [Side]

    init(_ title: String, _ sides: [Side]) {
        self.title = title
        self.sides = sides
    }

    /// Measures every side once in each round; each round starts with another side, so that none always goes first.
    ///
    /// A first round warms the caches, the pools and the broker and is thrown away, unless the run is quick.
    func run(_ settings: RunSettings) async throws -> Rounds {
        var rounds = Rounds()
        let warmUpCount = settings.isQuick ? 0 : 1
        for round in 0..<(settings.roundCount + warmUpCount) {
            for turn in sides.indices {
                let side = sides[(turn + round) % sides.count]
                let measurement = try await side.measure()
                if round >= warmUpCount { rounds.add(measurement, to: side.name) }
                Progress.say(line(round, side.name, measurement))
            }
        }
        return rounds
    }

    private func line(_ round: Int, _ side: String, _ measurement: Measurement) -> String {
        let cost = "\(measurement.perSecond.shortText)/s, \(measurement.processorMicrosecondsPerUnit.shortText) us CPU"
        return "\(title)  round \(round)  \(side): \(cost)"
    }
}

/// The measurements of a comparison, by side, in the order of the rounds.
struct Rounds: Sendable {
    private var measurements: [String: [Measurement]] = [:]

    mutating func add(_ measurement: Measurement, to side: String) {
        measurements[side, default: []].append(measurement)
    }

    /// Takes over the measurements of a comparison of other sides.
    mutating func add(_ other: Rounds) { measurements.merge(other.measurements, uniquingKeysWith: +) }

    func hasSide(_ side: String) -> Bool { measurements[side] != nil }

    /// A value of one side over the rounds.
    ///
    /// - Precondition: the side was measured.
    func spread(_ side: String, _ value: (Measurement) -> Double) -> Spread {
        Spread(of(side).map(value))
    }

    /// A value of one side over the same of another, taken round by round, because neighbours share their noise.
    ///
    /// - Precondition: both sides were measured.
    func ratio(_ side: String, over other: String, _ value: (Measurement) -> Double) -> Spread {
        Spread(zip(of(side), of(other)).map { value($0) / value($1) })
    }

    private func of(_ side: String) -> [Measurement] {
        guard let found = measurements[side] else { preconditionFailure("side '\(side)' was not measured") }
        return found
    }
}
