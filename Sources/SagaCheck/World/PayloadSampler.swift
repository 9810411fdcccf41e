import SagaModel

/// Chooses payloads that stand for all payloads.
///
/// Only guards look at values, and only through comparisons. So one value stands for all where no guard looks, and where
/// one does, each side of each comparison is represented; see ``ValueClass``.
struct PayloadSampler {
    /// At most so many payloads of one message are told apart; beyond that fields have one value, and nothing is proven.
    static let payloadCountMax = 256

    private let guards: GuardTable

    /// Values of a type, nil for an absent one.
    struct Samples {
        var values: [Value?]
        /// Whether they stand for all values.
        var isWhole = true
        /// Whether a guard looks at them, or at a part of them.
        var isLookedAt = false
    }

    /// - Parameter definitions: Those whose guards are to be represented; more than one where versions are compared.
    init(_ definitions: [Definition]) {
        guards = GuardTable(definitions)
    }

    /// The payloads of a message with these fields, and whether they stand for all.
    ///
    /// - Parameter message: Nil where nothing of it goes into `data`.
    func payloads(of fields: [Field], in message: MessageName?) -> (payloads: [Record], isWhole: Bool) {
        guard let message else {
            return ([Record(fields.map { .init(name: $0.name, value: Self.sample(of: $0.type)) })], true)
        }
        let samples = samples(ofFields: fields, at: .payload(message, []))
        return (
            samples.values.compactMap { if case .record(let record)? = $0 { record } else { nil } }, samples.isWhole
        )
    }

    private func samples(of type: DataType, at place: GuardPlace) -> Samples {
        let found = guards.valueClass(of: place)
        var samples: Samples
        if case .record(let record) = type.unwrapped {
            samples = self.samples(ofFields: record.fields, at: place)
        } else if let found {
            let (values, isWhole) = found.samples(of: type)
            samples = Samples(values: values, isWhole: isWhole)
        } else {
            samples = Samples(values: [Self.sample(of: type)])
        }
        if found != nil { samples.isLookedAt = true }
        if type.isOptional && samples.isLookedAt {
            samples.values.append(nil)
            if found?.seesNull ?? false { samples.values.append(.some(.null)) }
        }
        return samples
    }

    /// Every combination of what the fields can be.
    private func samples(ofFields fields: [Field], at place: GuardPlace) -> Samples {
        var (records, isWhole, isLookedAt) = ([Record()], true, false)
        for field in fields {
            var samples = samples(of: field.type, at: place.below(field.name))
            if records.count * samples.values.count > Self.payloadCountMax {
                samples.values = Array(samples.values.prefix(1))
                samples.isWhole = false
            }
            isWhole = isWhole && samples.isWhole
            isLookedAt = isLookedAt || samples.isLookedAt
            records = records.flatMap { record in
                samples.values.map { value in
                    var record = record
                    record[field.name] = value
                    return record
                }
            }
        }
        return Samples(values: records.map { .record($0) }, isWhole: isWhole, isLookedAt: isLookedAt)
    }

    /// A value of the type; which one does not matter.
    static func sample(of type: DataType) -> Value {
        switch type {
        case .id, .string: "x"
        case .integer, .money, .time: 1
        case .boolean: true
        case .choice(let names): names.first.map { .string($0) } ?? "x"
        case .list: .list([])
        case .record(let record):
            .record(Record(record.fields.map { .init(name: $0.name, value: sample(of: $0.type)) }))
        case .optional(let wrapped): sample(of: wrapped)
        }
    }
}
