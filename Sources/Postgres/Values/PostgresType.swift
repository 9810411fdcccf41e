/// A type of the server, named by its object id.
///
/// Only built-in types have fixed ids (`pg_type.dat` in the server's source); types made by `CREATE TYPE` differ from
/// database to database, so cast those to a built-in one in the statement.
public struct PostgresType: Hashable, Sendable {
    public let oid: UInt32

    @inlinable
    public init(oid: UInt32) {
        self.oid = oid
    }

    @inlinable public static var bool: PostgresType { .init(oid: 16) }
    @inlinable public static var bytea: PostgresType { .init(oid: 17) }
    @inlinable public static var name: PostgresType { .init(oid: 19) }
    @inlinable public static var int8: PostgresType { .init(oid: 20) }
    @inlinable public static var int2: PostgresType { .init(oid: 21) }
    @inlinable public static var int4: PostgresType { .init(oid: 23) }
    @inlinable public static var text: PostgresType { .init(oid: 25) }
    @inlinable public static var json: PostgresType { .init(oid: 114) }
    @inlinable public static var float4: PostgresType { .init(oid: 700) }
    @inlinable public static var float8: PostgresType { .init(oid: 701) }
    @inlinable public static var bpchar: PostgresType { .init(oid: 1042) }
    @inlinable public static var varchar: PostgresType { .init(oid: 1043) }
    @inlinable public static var timestamptz: PostgresType { .init(oid: 1184) }
    @inlinable public static var uuid: PostgresType { .init(oid: 2950) }
    @inlinable public static var jsonb: PostgresType { .init(oid: 3802) }
    @inlinable public static var xid8: PostgresType { .init(oid: 5069) }

    @inlinable public static var boolArray: PostgresType { .init(oid: 1000) }
    @inlinable public static var byteaArray: PostgresType { .init(oid: 1001) }
    @inlinable public static var int2Array: PostgresType { .init(oid: 1005) }
    @inlinable public static var int4Array: PostgresType { .init(oid: 1007) }
    @inlinable public static var textArray: PostgresType { .init(oid: 1009) }
    @inlinable public static var int8Array: PostgresType { .init(oid: 1016) }
    @inlinable public static var float4Array: PostgresType { .init(oid: 1021) }
    @inlinable public static var float8Array: PostgresType { .init(oid: 1022) }
    @inlinable public static var timestamptzArray: PostgresType { .init(oid: 1185) }
    @inlinable public static var uuidArray: PostgresType { .init(oid: 2951) }
    @inlinable public static var jsonbArray: PostgresType { .init(oid: 3807) }
}

extension PostgresType: CustomStringConvertible {
    /// The name the server prints for the type, or its object id where this library has no name for it.
    public var description: String {
        Self.names[self] ?? "type \(oid)"
    }

    private static let names: [PostgresType: String] = [
        .bool: "boolean", .bytea: "bytea", .name: "name", .int8: "bigint", .int2: "smallint", .int4: "integer",
        .text: "text", .json: "json", .float4: "real", .float8: "double precision", .bpchar: "character",
        .varchar: "character varying", .timestamptz: "timestamp with time zone", .uuid: "uuid", .jsonb: "jsonb",
        .xid8: "xid8", .boolArray: "boolean[]", .byteaArray: "bytea[]", .int2Array: "smallint[]",
        .int4Array: "integer[]", .textArray: "text[]", .int8Array: "bigint[]", .float4Array: "real[]",
        .float8Array: "double precision[]", .timestamptzArray: "timestamp with time zone[]", .uuidArray: "uuid[]",
        .jsonbArray: "jsonb[]",
        .init(oid: 1700): "numeric", .init(oid: 1082): "date", .init(oid: 1114): "timestamp without time zone",
        .init(oid: 2278): "void",
    ]
}
