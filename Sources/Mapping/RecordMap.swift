/// How a record of a plain JSON topic or a row of a table becomes an event.
public enum RecordMap {}
