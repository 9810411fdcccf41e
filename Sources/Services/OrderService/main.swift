import Participant

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

let program = ServiceProgram("order", migrations: OrderMigrations.all)
exit(
    await program.run { configuration in
        let rules = OrderRules(
            revisedQuantityMax: try ServiceProgram.number("ORDER_QUANTITY_MAX", 10, in: 1...1_000_000))
        return try Participant(configuration, handlers: OrderCommands(rules: rules).handlers)
    })
