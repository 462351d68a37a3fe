export * from "fermyon:spin/key-value@2.0.0";
