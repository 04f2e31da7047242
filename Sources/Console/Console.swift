/// The pages for people in the browser.
public enum Console {}
