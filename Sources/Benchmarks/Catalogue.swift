/// Every benchmark, in the order of the list. A new one is a file of its own and a line here.
let catalogue: [Benchmark] = [
    .amqp,
    .participant,
    .saga,
    .postgres,
    .check,
    .replay,
]
