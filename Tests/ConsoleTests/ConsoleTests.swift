import Console
import Testing

struct ConsoleTests {
    @Test func aCallersPermissionsAreReadable() { _ = Console.self }
}
