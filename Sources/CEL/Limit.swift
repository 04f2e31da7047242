/// What one expression may ask for. Whatever exceeds a limit is an error with a name, never a trap, a hang or an
/// exhausted stack: the depths are chosen so that parsing, compiling and evaluating fit 512 KiB of it (1 MiB unoptimised).
public enum Limit {
    /// UTF-8 bytes of an expression's source.
    public static let sourceBytes = 64 * 1024
    /// Brackets, calls and operators inside one another, as the parser recurses into them.
    public static let nesting = 64
    /// Height of the syntax tree: also bounds `1 + 1 + …` and `a.b.c…`, which nest without a bracket.
    public static let height = 192
    /// Nodes of the syntax tree.
    public static let nodes = 16 * 1024
    /// UTF-8 bytes of the container in which names are looked up.
    public static let containerBytes = 1024
    /// Names of a container, the dots between them.
    public static let containerSegments = 16
    /// Names of a declared name, the dots between them. No expression finds a longer one.
    public static let nameSegments = 32
    /// Names and fields among which the one is looked for that a misspelt name may have been meant to be.
    public static let suggestions = 100
    /// Diagnostics of one expression; beyond, nothing more is told.
    public static let diagnostics = 20
    /// Comparisons of one expression whose answers are looked for before it is evaluated.
    public static let comparisons = 256
    /// Different regular expressions that one expression writes out, and their bytes together.
    public static let patterns = 8
    public static let patternBytes = 4096
    /// Units of work of one evaluation. A macro pays for each pass by the size of its body, everything whose time
    /// depends on the size of a value for that size.
    public static let cost = 1_000_000
    /// Units of work of all evaluations in one step of the fold: those over the event (of rules, of measures, of what imposes
    /// sanctions), and as much again for those over what follows from it (rules over measures, then levels, then perks).
    public static let stepCost = 2_000_000
    /// Parts of one expression that are looked at to estimate what it can cost, and macros inside one another whose bodies are
    /// looked at twice for it.
    public static let estimatedParts = 50_000
    public static let estimatedDepth = 4
    /// Bytes of a string or of bytes that an expression makes.
    public static let producedBytes = 1024 * 1024
    /// Items of a list or a map that an expression makes.
    public static let producedItems = 64 * 1024
    /// Bytes of the JSON that shows a value, and the depth of its lists and maps.
    public static let typedJSONBytes = 4 * 1024 * 1024
    public static let typedJSONDepth = 256
    /// UTF-8 bytes of one row of a batch.
    public static let rowBytes = 4 * 1024 * 1024
    /// UTF-8 bytes of a type's name in typed JSON.
    public static let typeNameBytes = 256
    /// Variables of one row.
    public static let rowVariables = 1024
}
