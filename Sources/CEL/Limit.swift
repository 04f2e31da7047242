/// Limits of one expression. A violation is an error with a name, never a trap, a hang or an exhausted stack: the
/// depths are chosen so that parsing, compiling and evaluating fit 512 KiB of stack (1 MiB unoptimised).
public enum Limit {
    /// UTF-8 bytes of an expression's source.
    public static let sourceBytes = 64 * 1024
    /// Nested brackets, calls and operators, which are the depth of the parser's recursion.
    public static let nesting = 64
    /// Height of the syntax tree. It also limits `1 + 1 + …` and `a.b.c…`, which nest without brackets.
    public static let height = 192
    /// Nodes of the syntax tree.
    public static let nodes = 16 * 1024
    /// UTF-8 bytes of the container for names.
    public static let containerBytes = 1024
    /// Segments of a container, which are separated by dots.
    public static let containerSegments = 16
    /// Segments of a declared name, which are separated by dots. A longer name is never found.
    public static let nameSegments = 32
    /// Names and fields that are searched for a suggestion for a misspelt name.
    public static let suggestions = 100
    /// Diagnostics of one expression. Further ones are dropped.
    public static let diagnostics = 20
    /// Comparisons of one expression that are examined before its evaluation.
    public static let comparisons = 256
    /// Different literal patterns of one expression, and their bytes together.
    public static let patterns = 8
    public static let patternBytes = 4096
    /// Units of work of one evaluation. Each pass of a macro costs the size of its body. An operation whose time
    /// depends on the size of a value costs that size.
    public static let cost = 1_000_000
    /// Units of work of all evaluations in one step of the fold: those over the event (of rules, measures and triggers
    /// of sanctions), and separately as much for those over its consequences (rules over measures, then levels, then
    /// perks).
    public static let stepCost = 2_000_000
    /// Parts of one expression that are visited to estimate its cost, and nested macros whose bodies are visited twice
    /// for it.
    public static let estimatedParts = 50_000
    public static let estimatedDepth = 4
    /// Bytes of a string or bytes value that an expression makes.
    public static let producedBytes = 1024 * 1024
    /// Items of a list or a map that an expression makes.
    public static let producedItems = 64 * 1024
}
