extension DefinitionResolver {
    /// The payload at hand where an expression stands.
    struct Scope {
        var payload: [Field]
        var root: Path.Root
    }

    /// Resolves an expression that must have the type.
    mutating func typed(
        _ value: Expression, as type: DataType, scope: Scope? = nil, at place: [String]
    ) -> CompiledExpression? {
        switch value {
        case .literal(let literal):
            guard literal.fits(type) else {
                fault(.typeMismatch, at: place, "`\(CanonicalJSON.text(of: literal))` is no \(type).")
                return nil
            }
            return .literal(literal)
        case .record(let members):
            guard case .record(let record) = type.unwrapped else {
                fault(.typeMismatch, at: place, "A record stands where \(type) is needed.")
                return nil
            }
            return .record(recordTemplates(members, of: record, scope: scope, at: place))
        case .list(let elements):
            guard case .list(let elementType) = type.unwrapped else {
                fault(.typeMismatch, at: place, "A list stands where \(type) is needed.")
                return nil
            }
            return .list(elements.compactMap { typed($0, as: elementType, scope: scope, at: place) })
        case .path(let path):
            guard let (expression, found) = resolve(path, scope: scope, at: place) else { return nil }
            guard found.canFill(type) else {
                fault(.typeMismatch, at: place, "`\(path)` is \(found), but \(type) is needed.")
                return nil
            }
            return expression
        }
    }

    private mutating func recordTemplates(
        _ members: [Assignment], of record: RecordType, scope: Scope?, at place: [String]
    ) -> [CompiledAssignment.Template] {
        for field in record.fields where !field.type.isOptional {
            guard !members.contains(where: { $0.field == field.name }) else { continue }
            fault(.missingField, at: place, "The record needs `\(field.name)`, of type \(field.type).")
        }
        let templates = members.compactMap { member -> CompiledAssignment.Template? in
            guard let field = record.fields.first(where: { $0.name == member.field }) else {
                fault(.unknownField, at: place + [member.field], "The record has no field `\(member.field)`.")
                return nil
            }
            return typed(member.value, as: field.type, scope: scope, at: place + [member.field]).map {
                CompiledAssignment.Template(field: member.field, value: $0)
            }
        }
        return templates.sorted { $0.field.utf8.lexicographicallyPrecedes($1.field.utf8) }
    }

    /// Resolves an expression of any type, without a payload at hand; the type is nil for a record or list in place.
    mutating func expression(
        _ value: Expression, at place: [String]
    ) -> (expression: CompiledExpression, type: DataType?)? {
        switch value {
        case .literal(let literal): return (.literal(literal), nil)
        case .path(let path): return resolve(path, scope: nil, at: place).map { ($0.0, $0.1) }
        case .record, .list:
            fault(.typeMismatch, at: place, "Only paths and literals can be compared.")
            return nil
        }
    }

    private mutating func resolve(
        _ path: Path, scope: Scope?, at place: [String]
    ) -> (CompiledExpression, DataType)? {
        switch path.root {
        case .saga: return resolveSaga(path, at: place)
        case .data:
            guard let first = path.fields.first,
                let slot = definition.data.firstIndex(where: { $0.name == first })
            else {
                fault(.unknownField, at: place, "`\(path)` leads nowhere: `data` has no such field.")
                return nil
            }
            let rest = path.fields.dropFirst()
            guard let type = type(at: rest, below: definition.data[slot].type, of: path, place: place) else {
                return nil
            }
            return (rest.isEmpty ? .slot(slot) : .slotPath(slot, Array(rest)), type)
        case .reply, .event, .state:
            guard let scope, scope.root == path.root else {
                fault(.pathNotAllowed, at: place, "`\(path)` cannot be read here: there is no \(path.root) at hand.")
                return nil
            }
            let payload = DataType.record(RecordType(fields: scope.payload))
            guard let type = type(at: path.fields[...], below: payload, of: path, place: place) else { return nil }
            return (.payload(path.fields), type)
        }
    }

    private mutating func resolveSaga(_ path: Path, at place: [String]) -> (CompiledExpression, DataType)? {
        switch path.fields {
        case ["id"]: return (.sagaID, .id)
        case ["key"]:
            let events = definition.participants.flatMap(\.events)
            let payload = events.first { $0.type == definition.start.event }?.payload ?? []
            return (.sagaKey, payload.first { $0.name == definition.start.key }?.type ?? .id)
        default:
            fault(.unknownField, at: place, "`\(path)` leads nowhere: a saga has `saga.id` and `saga.key`.")
            return nil
        }
    }

    private mutating func type(
        at fields: ArraySlice<String>, below type: DataType, of path: Path, place: [String]
    ) -> DataType? {
        guard let field = fields.first else { return type }
        guard case .record(let record) = type.unwrapped,
            let found = record.fields.first(where: { $0.name == field })
        else {
            fault(.unknownField, at: place, "`\(path)` leads nowhere: there is no field `\(field)` in \(type).")
            return nil
        }
        let inner = self.type(at: fields.dropFirst(), below: found.type, of: path, place: place)
        return type.isOptional ? inner?.asOptional : inner
    }

    // MARK: Conditions

    /// Resolves a condition over `data`.
    mutating func condition(_ condition: Condition, at place: [String]) -> CompiledCondition? {
        switch condition {
        case .equal(let left, let right): return comparison(left, right, at: place).map { .equal($0, $1) }
        case .notEqual(let left, let right): return comparison(left, right, at: place).map { .not(.equal($0, $1)) }
        case .less(let left, let right): return comparison(left, right, at: place).map { .less($0, $1) }
        case .among(let needle, let hay):
            let pairs = hay.compactMap { comparison(needle, $0, at: place) }
            guard let first = pairs.first else { return nil }
            return .among(first.0, pairs.map(\.1))
        case .exists(let path): return resolve(path, scope: nil, at: place).map { .exists($0.0) }
        case .and(let parts): return .and(parts.compactMap { self.condition($0, at: place) })
        case .or(let parts): return .or(parts.compactMap { self.condition($0, at: place) })
        case .not(let part): return self.condition(part, at: place).map { .not($0) }
        }
    }

    private mutating func comparison(
        _ left: Expression, _ right: Expression, at place: [String]
    ) -> (CompiledExpression, CompiledExpression)? {
        guard let resolvedLeft = expression(left, at: place), let resolvedRight = expression(right, at: place) else {
            return nil
        }
        switch (resolvedLeft.type, resolvedRight.type, left, right) {
        case (let type?, nil, _, .literal(let literal)), (nil, let type?, .literal(let literal), _):
            guard literal.fits(type.asOptional) else {
                fault(.typeMismatch, at: place, "`\(CanonicalJSON.text(of: literal))` is no \(type).")
                return nil
            }
        case (let leftType?, let rightType?, _, _):
            guard leftType.isComparable(with: rightType) else {
                fault(.typeMismatch, at: place, "\(leftType) and \(rightType) cannot be compared.")
                return nil
            }
        default: break
        }
        return (resolvedLeft.expression, resolvedRight.expression)
    }
}
