/// A question about values that always has an answer.
///
/// Total by definition: a path that leads nowhere is *absent*, and absent is not null. `==` and `in` are false and
/// `!=` is true when exactly one side is absent; two absent sides are equal. `<` is true only between two integers, or
/// two strings by their Unicode scalars. `exists` is true for anything but absent and null.
package indirect enum Condition: Sendable, Hashable {
    case equal(Expression, Expression)
    case notEqual(Expression, Expression)
    case less(Expression, Expression)
    case among(Expression, [Expression])
    case exists(Path)
    case and([Condition])
    case or([Condition])
    case not(Condition)
}
