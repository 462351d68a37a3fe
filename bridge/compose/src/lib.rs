//! Composition: a component and the components it depends on become one component.
