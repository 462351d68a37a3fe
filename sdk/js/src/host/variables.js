export * from "fermyon:spin/variables@2.0.0";
